import { ProofkeyError } from '../../errors.js'
import { pin } from '../authorize/transaction.js'
import { timeProblem } from '../clock.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { CLOCK_SKEW_SECONDS } from '../jose/id-token.js'
import { isSignedBy, parseJwt } from '../jose/jws.js'
import { createKeySource, type KeySource, loadKeys } from '../jose/key-source.js'
import { isName, isTime } from '../json.js'
import type { RequestOptions } from '../request.js'

/** The claims of a validated logout token. */
export interface LogoutToken {
  readonly issuer: string
  /** The `sub` claim: the user to sign out. Without a `sessionId`, end all sessions of this user. */
  readonly subject: string | undefined
  /** The `sid` claim: the session to end. The ID token of that session has the same `sid`. */
  readonly sessionId: string | undefined
  /** The `jti` claim: the unique id of this token. */
  readonly jti: string
  /** When the server issued it, in milliseconds since the epoch. */
  readonly issuedAtMs: number
  /** Remember `jti` until then to detect replays: `exp` plus the clock skew, in milliseconds since the epoch. */
  readonly acceptedUntilMs: number
}

/** Options of {@link validateLogoutToken}. */
export interface LogoutTokenOptions extends RequestOptions {
  /** The server's keys, from `createKeySource`. Default: fetched for each token. */
  readonly keys?: KeySource | undefined
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Back-Channel Logout §2.4: at most two minutes, so that a stolen token is useless soon. */
const LIFETIME_SECONDS = 120

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6): its type, algorithm and signature, `iss`,
 * `aud` (this client only), `iat`, `exp`, `jti`, `events`, `sub` or `sid`, and that there is no `nonce`, which only ID
 * tokens have. The caller must detect replays with `jti` and `acceptedUntilMs`.
 *
 * The clocks may differ by 5 minutes; `exp` may be at most 7 minutes ahead (2 minutes plus this difference).
 * @throws `logout_token_invalid`; `endpoint_refused`, `network_error`, `timeout`, `aborted`, `response_refused` if the
 * server's keys cannot be loaded
 * @example
 * ```ts
 * import { discover, validateLogoutToken } from 'proofkey/protocol'
 *
 * declare const token: string // logout_token of the request
 * const server = await discover('https://login.example.com')
 * const { subject, sessionId } = await validateLogoutToken(server, 'my-app', token)
 * ```
 */
export async function validateLogoutToken(
  server: ServerMetadata,
  clientId: string,
  token: string,
  options: LogoutTokenOptions = {},
): Promise<LogoutToken> {
  const jwt = parseJwt(token)
  if (!jwt) throw logoutTokenInvalid('it is not a signed JWT')
  const { header, claims } = jwt
  const { iss, aud, iat, exp, nbf, jti, sub, sid, events } = claims
  const nowSeconds = Date.now() / 1000
  const skewed = nowSeconds + CLOCK_SKEW_SECONDS
  const checks = {
    // `typ` is recommended, not required. Another type is another kind of token.
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
  const failedCheck = Object.entries(checks).find(([, value]) => !value)?.[0]
  if (failedCheck) throw logoutTokenInvalid(timeProblem(failedCheck, claims[failedCheck] ?? ''), HINTS[failedCheck])

  const keys = options.keys ?? createKeySource(() => loadKeys(server, options))
  const key = await keys(header)
  if (!key) throw logoutTokenInvalid('the server has no key for it, or more than one', SIGNATURE_HINT)
  if (!(await isSignedBy(jwt, key))) throw logoutTokenInvalid('its signature is wrong', SIGNATURE_HINT)
  return {
    issuer: server.issuer,
    subject: sub as string | undefined,
    sessionId: sid as string | undefined,
    jti: jti as string,
    issuedAtMs: (iat as number) * 1000,
    acceptedUntilMs: ((exp as number) + CLOCK_SKEW_SECONDS) * 1000,
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const CLOCK_HINT = 'Synchronise the clocks of this host and of the authorization server. An old token may be a replay.'
const SIGNATURE_HINT = 'Check jwks_uri in the metadata. If it is right, the token may be forged.'
const HINTS: Record<string, string> = {
  alg: 'Let the server sign with an algorithm of id_token_signing_alg_values_supported, never none or HS256.',
  iss: 'Check the issuer of this client.',
  aud: 'Check clientId, and which client this back-channel logout URI is registered for.',
  iat: CLOCK_HINT,
  exp: CLOCK_HINT,
  nbf: CLOCK_HINT,
}

export const logoutTokenInvalid = (
  what: string,
  hint = 'Nothing was signed out. Other tokens than those of Back-Channel Logout 1.0 §2.4 may be an attack.',
): ProofkeyError => new ProofkeyError('logout_token_invalid', `The logout token was refused: ${what}.`, hint)
