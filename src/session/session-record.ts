import { randomToken } from '../crypto/random.js'
import { MIN_REFRESH_SECONDS } from '../limits.js'
import type { Grant, IdTokenClaims, Tokens } from '../protocol/token/complete.js'

/** Who is signed in, without any token. A new object with every change, and the same one in between. */
export interface Session {
  /** The checked claims of the ID token; undefined where `openid` was not asked for. */
  readonly claims: IdTokenClaims | undefined
  /** All that was granted, space-separated. */
  readonly scope: string
  /** When the sign-in's own access token expires; milliseconds since the epoch, undefined where the server did not say. */
  readonly expiresAtMs: number | undefined
  /** When the person signed in; milliseconds since the epoch. */
  readonly startedAtMs: number
}

/** What is known of one grant, and so of every token that came with it or was refreshed from it. */
export interface TokenFacts {
  /** What the token is good for, space-separated. */
  readonly scope: string
  /** How the person signed in for it: `acr` of its ID token. */
  readonly acr?: string | undefined
  /** When the person signed in for it, by this machine's clock; milliseconds since the epoch. */
  readonly authenticatedAtMs?: number | undefined
}

export interface AccessToken extends TokenFacts {
  readonly accessToken: string
  /** Which resource server it was asked for (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  readonly expiresAtMs: number | undefined
  readonly receivedAtMs: number
  /**
   * From then on a new one is asked for: a little before the end, and not at the same moment in all browsers. One that came
   * of a refresh and had expired by then is used for a minute: another one would be no better.
   */
  readonly staleAtMs: number | undefined
}

/** A refresh token, with the facts of the sign-in that brought it: what it is traded for is no stronger than that. */
export interface RefreshToken extends TokenFacts {
  readonly refreshToken: string
  /** Of the sign-in's ID token: those that come with a refresh repeat it, or have none (OpenID Connect Core §12.2). */
  readonly nonce?: string | undefined
}

/** What is stored of a session; survives JSON. */
export interface StoredSession {
  /** Names this session among all that the client ever had. */
  readonly id: string
  readonly session: Session
  readonly refresh: RefreshToken | undefined
  readonly idToken: string | undefined
  /** By resource and scope; see {@link tokenName}. */
  readonly tokens: Readonly<Record<string, AccessToken>>
  /** The thumbprint of the key that the tokens are bound to (RFC 9449 §6). */
  readonly jkt?: string | undefined
}

/** How a sign-in went: with the person, or without asking them (`prompt=none`). */
export type SignInOrigin = 'interactive' | 'silent'

/** Under which name a token is kept: one for each resource and scope, `''` for the sign-in's own (RFC 8707 §2). */
export const tokenName = (resource: string | undefined, scope: string | undefined): string =>
  resource || scope ? JSON.stringify([resource, scope]) : ''

/** The person signed in so long ago, held against their own clock: the server's until the ID token, ours since then. */
const authenticatedAtMs = ({ iat, auth_time }: IdTokenClaims): number | undefined =>
  auth_time === undefined ? undefined : Date.now() - (iat - auth_time) * 1000

function factsOf({ tokens, claims }: Grant): TokenFacts {
  const acr = claims?.['acr'] as string | undefined
  return { scope: tokens.scope, acr, authenticatedAtMs: claims && authenticatedAtMs(claims) }
}

function accessTokenOf(
  { accessToken, expiresAtMs, resource }: Tokens,
  facts: TokenFacts,
  refreshed = false,
): AccessToken {
  const receivedAtMs = Date.now()
  const leftMs = (expiresAtMs ?? 0) - receivedAtMs
  const early = Math.min(60_000, leftMs / 4) * (0.5 + Math.random() / 2)
  const staleAtMs =
    expiresAtMs && receivedAtMs + (refreshed && leftMs <= 1000 ? MIN_REFRESH_SECONDS * 1000 : leftMs - early)
  return { ...facts, accessToken, resource, expiresAtMs, receivedAtMs, staleAtMs }
}

/** The same person, with the same key, before and after a sign-in; without claims nobody can tell. */
export const isSamePerson = (before: StoredSession | undefined, { claims }: Grant, jkt: string | undefined): boolean =>
  !!claims &&
  claims.sub === before?.session.claims?.sub &&
  claims.iss === before?.session.claims?.iss &&
  jkt === before?.jkt

/** A session after a sign-in: a new one, or the one before with more where it is the same person's. */
export function sessionAfterSignIn(
  grant: Grant,
  before: StoredSession | undefined,
  { jkt, origin }: { readonly jkt: string | undefined; readonly origin: SignInOrigin },
): StoredSession {
  const { tokens, claims } = grant
  const same = isSamePerson(before, grant, jkt) ? before : undefined
  const facts = factsOf(grant)
  return {
    id: randomToken(),
    session: {
      claims,
      scope: tokens.scope,
      expiresAtMs: tokens.expiresAtMs,
      startedAtMs: startedAtMs(grant, same, origin),
    },
    refresh: tokens.refreshToken
      ? { ...facts, refreshToken: tokens.refreshToken, nonce: claims?.nonce as string | undefined }
      : same?.refresh,
    idToken: tokens.idToken ?? same?.idToken,
    // Those for other resources were given for the sign-in before: they are asked for anew.
    tokens: { '': accessTokenOf(tokens, facts) },
    jkt,
  }
}

/** A person who was not asked again has not signed in anew: the absolute limit goes on from their last real sign-in. */
function startedAtMs({ claims }: Grant, same: StoredSession | undefined, origin: SignInOrigin): number {
  const authTime = claims?.auth_time
  if (same && (authTime === undefined ? origin === 'silent' : same.session.claims?.auth_time === authTime))
    return same.session.startedAtMs
  return origin === 'silent' && authTime ? authTime * 1000 : Date.now()
}

/** The same session with newer tokens; where the server sends no new refresh token, the old one goes on (RFC 6749 §6). */
export function sessionAfterRefresh({ tokens, claims }: Grant, before: StoredSession, name: string): StoredSession {
  const { session, refresh } = before
  const acr = (claims?.['acr'] as string | undefined) ?? refresh?.acr
  // Without `scope` in the answer it is what the refresh token stands for (RFC 6749 §6).
  const facts = { scope: tokens.scope || (refresh?.scope ?? ''), acr, authenticatedAtMs: refresh?.authenticatedAtMs }
  const own = name ? session : { ...session, scope: tokens.scope || session.scope, expiresAtMs: tokens.expiresAtMs }
  // How and when the person signed in is for sign-ins to say: the refresh token may be of an earlier one.
  const { acr: _acr, amr, auth_time, nonce, ...news } = { ...claims } as IdTokenClaims
  // Of those for other resources and scopes, the expired ones go.
  const left = Object.entries(before.tokens).filter(
    ([other, { expiresAtMs }]) => !other || !(Number(expiresAtMs) <= Date.now()),
  )
  return {
    ...before,
    // A new ID token may lack claims that the first one had.
    session: claims ? { ...own, claims: { ...session.claims, ...news } } : own,
    refresh: refresh && { ...refresh, refreshToken: tokens.refreshToken ?? refresh.refreshToken },
    idToken: tokens.idToken ?? before.idToken,
    tokens: { ...Object.fromEntries(left), [name]: accessTokenOf(tokens, facts, true) },
  }
}
