import { randomToken } from '../crypto/random.js'
import { MIN_REFRESH_SECONDS } from '../limits.js'
import type { Grant, IdTokenClaims, Tokens } from '../protocol/token/complete.js'

/** Who is signed in, without any token. A new object with every change, and the same one in between. */
export interface Session {
  /** The checked claims of the ID token; undefined where `openid` was not asked for. */
  readonly claims: IdTokenClaims | undefined
  /** All that was granted, space-separated. */
  readonly scope: string
  /** When the first access token at hand ends; milliseconds since the epoch, undefined where the server did not say. */
  readonly expiresAtMs: number | undefined
  /** When the person signed in; milliseconds since the epoch. */
  readonly startedAtMs: number
}

/** What is kept; survives JSON. */
export interface StoredSession {
  readonly version: 1
  /** Names this session among all that the client ever had. */
  readonly id: string
  readonly session: Session
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** By resource and scope; see `tokenName`. */
  readonly tokens: Readonly<Record<string, AccessToken>>
  /** The thumbprint of the key that the tokens are tied to, where they are (RFC 9449 §6). */
  readonly jkt?: string | undefined
}

export interface AccessToken {
  readonly accessToken: string
  /** Which resource server it was asked for (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  readonly expiresAtMs: number | undefined
  readonly receivedAtMs: number
  /**
   * From then on a new one is asked for: a little before the end, and not for all who signed in together at once. Where it
   * came of a refresh and had expired by then, another one would be no better: after a minute.
   */
  readonly staleAtMs: number | undefined
}

/** Under which name a token is kept: one for each resource and scope, `''` for the sign-in's own (RFC 8707 §2). */
export const tokenName = (resource: string | undefined, scope: string | undefined): string =>
  resource || scope ? JSON.stringify([resource, scope]) : ''

function accessTokenOf({ accessToken, expiresAtMs, resource }: Tokens, refreshed = false): AccessToken {
  const receivedAtMs = Date.now()
  const leftMs = (expiresAtMs ?? 0) - receivedAtMs
  const early = Math.min(60_000, leftMs / 4) * (0.5 + Math.random() / 2)
  const staleAtMs =
    expiresAtMs && receivedAtMs + (refreshed && leftMs <= 1000 ? MIN_REFRESH_SECONDS * 1000 : leftMs - early)
  return { accessToken, resource, expiresAtMs, receivedAtMs, staleAtMs }
}

/**
 * A session after a sign-in: a new one, or the old one with more where it is the same person's.
 * @param how with which key, and, where it is `silent`, that nobody was asked
 */
export function sessionAfterSignIn(
  { tokens, claims }: Grant,
  before: StoredSession | undefined,
  { jkt, silent }: { readonly jkt: string | undefined; readonly silent: boolean },
): StoredSession {
  // Without claims nobody can tell; and what is tied to another key is of no use any more.
  const same = claims && claims.sub === before?.session.claims?.sub && jkt === before?.jkt ? before : undefined
  const { auth_time } = claims ?? {}
  return {
    version: 1,
    id: randomToken(),
    session: {
      claims,
      scope: tokens.scope,
      expiresAtMs: tokens.expiresAtMs,
      // Who was not asked again is not newly there: a silent sign-in does not put off the absolute limit.
      startedAtMs:
        same && same.session.claims?.auth_time === auth_time
          ? same.session.startedAtMs
          : silent && auth_time
            ? auth_time * 1000
            : Date.now(),
    },
    refreshToken: tokens.refreshToken ?? same?.refreshToken,
    idToken: tokens.idToken ?? same?.idToken,
    // Those for other resources are asked for anew: they were given for the sign-in before.
    tokens: { '': accessTokenOf(tokens) },
    jkt,
  }
}

/** The same session with newer tokens; where the server sends no new refresh token, the old one goes on (RFC 6749 §6). */
export function sessionAfterRefresh({ tokens, claims }: Grant, before: StoredSession, name: string): StoredSession {
  const { session } = before
  const own = name ? session : { ...session, scope: tokens.scope || session.scope, expiresAtMs: tokens.expiresAtMs }
  // How and when the person signed in is for sign-ins to say: the refresh token may be of an earlier one.
  const { acr, amr, auth_time, nonce, ...news } = { ...claims } as IdTokenClaims
  // Of those for other resources and scopes, the ones that have ended are gone for good.
  const left = Object.entries(before.tokens).filter(
    ([other, { expiresAtMs }]) => !other || !(Number(expiresAtMs) <= Date.now()),
  )
  return {
    ...before,
    // A new ID token may lack what the first one held.
    session: claims ? { ...own, claims: { ...session.claims, ...news } } : own,
    refreshToken: tokens.refreshToken ?? before.refreshToken,
    idToken: tokens.idToken ?? before.idToken,
    tokens: { ...Object.fromEntries(left), [name]: accessTokenOf(tokens, true) },
  }
}

/** What a store gives back. Of another version, or no session at all: as if nothing were there. */
export function parseStoredSession(text: string | undefined): StoredSession | { readonly id?: never } {
  try {
    const held = JSON.parse(text ?? '')
    if (held.version === 1) return held
  } catch {}
  return {}
}
