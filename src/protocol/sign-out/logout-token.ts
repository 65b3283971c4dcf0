import { ProofkeyError } from '../../errors.js'
import { pin } from '../authorize/transaction.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { CLOCK_SKEW_SECONDS } from '../jose/id-token.js'
import { isSignedBy, parseJwt } from '../jose/jws.js'
import { createKeySource, type KeySource, loadKeys } from '../jose/key-source.js'
import type { RequestOptions } from '../request.js'

/** What a server tells with a checked logout token. */
export interface LogoutToken {
  readonly issuer: string
  /** Whose sessions end: all of them, where there is no `sessionId`. */
  readonly subject: string | undefined
  /** The one session that ends: the `sid` claim of its ID token. */
  readonly sessionId: string | undefined
  /** Names this token. */
  readonly jti: string
  /** When the server issued it, in milliseconds since the epoch. */
  readonly issuedAtMs: number
  /** Until when it would be taken again, were it not remembered; in milliseconds since the epoch, with the clock skew in it. */
  readonly acceptedUntilMs: number
}

/** Of {@link validateLogoutToken}. */
export interface LogoutTokenOptions extends RequestOptions {
  /** Where the server's keys are held. Default: fetched for this token. */
  readonly keys?: KeySource | undefined
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Back-Channel Logout §2.4: at most two minutes, so that a captured one is soon worth nothing. */
const LIFETIME_SECONDS = 120

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6): its type, algorithm and signature, `iss`,
 * `aud` (this client and nobody else), `iat`, `exp`, `jti`, `events`, `sub` or `sid`, and that it has no `nonce`, which
 * would make it an ID token. Whether it came before is for the caller to remember.
 *
 * Clocks may be 5 minutes apart, and `exp` no further ahead than that and two minutes.
 * @throws `logout_token_invalid`; `endpoint_refused`, `network_error`, `timeout`, `aborted`, `response_refused` where the
 * server's keys cannot be had
 */
export async function validateLogoutToken(
  server: ServerMetadata,
  clientId: string,
  token: string,
  options: LogoutTokenOptions = {},
): Promise<LogoutToken> {
  const jwt = parseJwt(token)
  if (!jwt) throw logoutTokenInvalid('it is no signed JWT')
  const { header, claims } = jwt
  const { iss, aud, iat, exp, nbf, jti, sub, sid, events } = claims
  const nowSeconds = Date.now() / 1000
  const skewed = nowSeconds + CLOCK_SKEW_SECONDS
  const checks = {
    // Recommended, not required; with another type it is something else.
    typ: header.typ === undefined || (isName(header.typ) && /^(application\/)?logout\+jwt$/i.test(header.typ)),
    alg: pin(server).id_token_signing_alg_values_supported?.includes(header.alg),
    iss: iss === server.issuer,
    aud: aud === clientId || (Array.isArray(aud) && aud.length === 1 && aud[0] === clientId),
    iat: isTime(iat) && iat < skewed && iat > nowSeconds - CLOCK_SKEW_SECONDS - LIFETIME_SECONDS,
    exp: isTime(exp) && exp > nowSeconds - CLOCK_SKEW_SECONDS && exp <= skewed + LIFETIME_SECONDS,
    nbf: nbf === undefined || (isTime(nbf) && nbf < skewed),
    jti: isName(jti),
    sub: sub === undefined || isName(sub),
    sid: sid === undefined || isName(sid),
    'sub or sid': (sub ?? sid) !== undefined,
    events: isObject(events) && isObject(events[EVENT]),
    nonce: !('nonce' in claims),
  }
  const failedCheck = Object.entries(checks).find(([, value]) => !value)
  if (failedCheck) throw logoutTokenInvalid(`its ${failedCheck[0]} is wrong`)

  const keys = options.keys ?? createKeySource(() => loadKeys(server, options))
  const key = await keys(header)
  if (!key) throw logoutTokenInvalid('no single key of the server fits it')
  if (!(await isSignedBy(jwt, key))) throw logoutTokenInvalid('its signature is wrong')
  return {
    issuer: server.issuer,
    subject: sub as string | undefined,
    sessionId: sid as string | undefined,
    jti: jti as string,
    issuedAtMs: (iat as number) * 1000,
    acceptedUntilMs: ((exp as number) + CLOCK_SKEW_SECONDS) * 1000,
  }
}

const isTime = (value: unknown): value is number => typeof value === 'number'
const isName = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const logoutTokenInvalid = (what: string): ProofkeyError =>
  new ProofkeyError(
    'logout_token_invalid',
    `The logout token was refused: ${what}.`,
    'Check the clock; maybe an attack.',
  )
