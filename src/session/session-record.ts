import { randomToken } from '../crypto/random.js'
import { MIN_REFRESH_SECONDS } from '../limits.js'
import type { IdTokenClaims } from '../protocol/jose/standard-claims.js'
import type { Grant, Tokens } from '../protocol/token/complete.js'
import type { AuthorizationDetail } from '../protocol/token/granted-details.js'

/** The session as the app sees it, without tokens. It is the same object until the session changes. */
export interface Session {
  /** The claims of the ID token, with `userInfo` also those of the UserInfo endpoint; undefined without an ID token. */
  readonly claims: IdTokenClaims | undefined
  /** The granted scope, space-separated. */
  readonly scope: string
  /** The granted authorization details (RFC 9396 §7), with `rar`. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** When the sign-in's own access token expires; milliseconds since the epoch, undefined if the server did not say. */
  readonly expiresAtMs: number | undefined
  /** When the user signed in; milliseconds since the epoch. */
  readonly startedAtMs: number
}

/** What a token is good for. All tokens of one sign-in share the facts of that sign-in. */
export interface TokenFacts {
  /** The granted scope of this token, space-separated. */
  readonly scope: string
  /** `acr` of the ID token of its sign-in. */
  readonly acr?: string | undefined
  /** When the user authenticated, by this machine's clock; milliseconds since the epoch. */
  readonly authenticatedAtMs?: number | undefined
  /** The granted authorization details of this token (RFC 9396 §7), with `rar`. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
}

/** Which access token is wanted. Default: the one of the sign-in. */
export interface AccessTokenOptions {
  /** RFC 8707 §2.2: one token for each resource server. */
  readonly resource?: string | undefined
  /** Part of what was granted, space-separated. */
  readonly scope?: string | undefined
  /** For servers that have this parameter in place of `resource`. */
  readonly audience?: string | undefined
  /** Part of what was granted, with `rar` (RFC 9396 §6). */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
}

/** An access token of the session, and what it is good for. */
export interface AccessToken extends TokenFacts {
  readonly accessToken: string
  /** The resource server it was requested for (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  readonly expiresAtMs: number | undefined
  readonly receivedAtMs: number
  /**
   * When it is refreshed: shortly before it expires, at a random moment so that not all browsers refresh at once. A token
   * that was already expired when it was received from a refresh is used for a minute: another would be no better.
   */
  readonly staleAtMs: number | undefined
}

/** A refresh token with the facts of its sign-in: tokens from a refresh are no stronger than that sign-in. */
export interface RefreshToken extends TokenFacts {
  readonly refreshToken: string
  /** Of the sign-in's ID token. ID tokens of a refresh have the same nonce, or none (OpenID Connect Core §12.2). */
  readonly nonce?: string | undefined
}

/** A session as it is stored, as JSON. */
export interface StoredSession {
  /** A random id of this session. */
  readonly id: string
  readonly session: Session
  readonly refresh: RefreshToken | undefined
  readonly idToken: string | undefined
  /** By resource and scope; see {@link tokenName}. */
  readonly tokens: Readonly<Record<string, AccessToken>>
  /** The thumbprint of the key that the tokens are bound to (RFC 9449 §6). */
  readonly jkt?: string | undefined
}

/** `silent`: a sign-in with `prompt=none`, without the user. */
export type SignInOrigin = 'interactive' | 'silent'

/** The key of a token in `tokens`: one for each combination of these, `''` for the sign-in's own (RFC 8707 §2). */
export const tokenName = ({ resource, scope, audience, authorizationDetails }: AccessTokenOptions): string =>
  (resource ?? scope ?? audience ?? authorizationDetails)
    ? JSON.stringify({ resource, scope, audience, authorizationDetails })
    : ''

/**
 * The server's clock tells the time from the authentication to the ID token, this machine's clock the time since then. A
 * back-dated `iat` would put it in the future.
 */
const authenticatedAtMs = ({ iat, auth_time }: IdTokenClaims): number | undefined =>
  auth_time === undefined ? undefined : Date.now() - Math.max(0, iat - auth_time) * 1000

function factsOf({ tokens, claims }: Grant): TokenFacts {
  const { scope, authorizationDetails } = tokens
  const acr = claims?.acr
  return { scope, acr, authenticatedAtMs: claims && authenticatedAtMs(claims), authorizationDetails }
}

/** How long a token is used that is valid for so long: until shortly before, at a random moment. */
export const freshMs = (leftMs: number): number => leftMs - Math.min(60_000, leftMs / 4) * (0.5 + Math.random() / 2)

function accessTokenOf(
  { accessToken, expiresAtMs, resource }: Tokens,
  facts: TokenFacts,
  refreshed = false,
): AccessToken {
  const receivedAtMs = Date.now()
  const leftMs = (expiresAtMs ?? 0) - receivedAtMs
  const staleAtMs =
    expiresAtMs && receivedAtMs + (refreshed && leftMs <= 1000 ? MIN_REFRESH_SECONDS * 1000 : freshMs(leftMs))
  return { ...facts, accessToken, resource, expiresAtMs, receivedAtMs, staleAtMs }
}

/** Who the user is: `sub` is unique at one issuer only (OpenID Connect Core §5.7), and a provider can accept several. */
export const userOf = (claims: IdTokenClaims | undefined): string | undefined =>
  claims && JSON.stringify([claims.iss, claims.sub])

/** Whether a sign-in is of the same user with the same key; without claims that is unknown, so false. */
const isSameUser = (before: StoredSession | undefined, { claims }: Grant, jkt: string | undefined): boolean =>
  !!claims && userOf(claims) === userOf(before?.session.claims) && jkt === before?.jkt

/** The session after a sign-in. For the same user it keeps the refresh token and the ID token, if there are no new ones. */
export function sessionAfterSignIn(
  grant: Grant,
  before: StoredSession | undefined,
  { jkt, origin }: { readonly jkt: string | undefined; readonly origin: SignInOrigin },
): StoredSession {
  const { tokens, claims } = grant
  const same = isSameUser(before, grant, jkt) ? before : undefined
  const facts = factsOf(grant)
  return {
    id: randomToken(),
    session: {
      claims,
      scope: tokens.scope,
      authorizationDetails: tokens.authorizationDetails,
      expiresAtMs: tokens.expiresAtMs,
      startedAtMs: startedAtMs(grant, same, origin),
    },
    refresh: tokens.refreshToken
      ? { ...facts, refreshToken: tokens.refreshToken, nonce: claims?.nonce as string | undefined }
      : same?.refresh,
    idToken: tokens.idToken ?? same?.idToken,
    // Tokens for other resources are of the earlier sign-in: they are requested again.
    tokens: { '': accessTokenOf(tokens, facts) },
    jkt,
  }
}

/** A silent sign-in is not a new sign-in: the absolute limit counts from the last one with the user. */
function startedAtMs({ claims }: Grant, same: StoredSession | undefined, origin: SignInOrigin): number {
  const authTime = claims?.auth_time
  if (same && (authTime === undefined ? origin === 'silent' : same.session.claims?.auth_time === authTime))
    return same.session.startedAtMs
  return (origin === 'silent' && claims && authenticatedAtMs(claims)) || Date.now()
}

/** The same session with newer tokens; where the server sends no new refresh token, the old one goes on (RFC 6749 §6). */
export function sessionAfterRefresh({ tokens, claims }: Grant, before: StoredSession, name: string): StoredSession {
  const { session, refresh } = before
  const acr = claims?.acr ?? refresh?.acr
  // Without `scope` in the answer it is what the refresh token stands for (RFC 6749 §6).
  const { scope, expiresAtMs, authorizationDetails } = tokens
  const facts = {
    ...{ scope: scope || (refresh?.scope ?? ''), acr, authenticatedAtMs: refresh?.authenticatedAtMs },
    authorizationDetails,
  }
  const own = name ? session : { ...session, scope: scope || session.scope, authorizationDetails, expiresAtMs }
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
