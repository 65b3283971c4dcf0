import { configInvalid } from '../authorize/begin.js'
import { pin } from '../authorize/transaction.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { invalidIdToken } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import { type Grant, type IdTokenClaims, readGrant } from './complete.js'
import { post, type TokenRequestOptions } from './token-request.js'

export interface RefreshOptions extends TokenRequestOptions {
  /** Space-separated; part of what was granted. Default: all of it (RFC 6749 §6). */
  readonly scope?: string | undefined
  /** RFC 8707 §2.2. */
  readonly resource?: string | readonly string[] | undefined
  /** Pass `checkIdTokenSignature` to verify a new ID token's signature too. */
  readonly signature?: SignatureCheck | undefined
  /** The claims of the sign-in: a new ID token must be of the same person (OpenID Connect Core §12.2). */
  readonly previousClaims?: IdTokenClaims | undefined
  /** Hears of a new refresh token before the answer is checked: the old one is spent, whatever the checks say. */
  readonly onRotation?: ((refreshToken: string) => void) | undefined
}

/**
 * Trades a refresh token for new tokens (RFC 6749 §6). Where the server sends no new refresh token, the result holds
 * the old one; where it does, the old one is spent: store the new one before you use anything. Where no answer came, the
 * old one may be spent as well, and a server that watches for reuse may then end the grant.
 * @throws `network_error`, `timeout`, `aborted`, `response_refused`, `endpoint_refused`; `token_request_refused`;
 * `token_response_invalid`; `id_token_invalid`
 */
export async function refreshTokens(
  server: ServerMetadata,
  clientId: string,
  refreshToken: string,
  options: RefreshOptions = {},
): Promise<Grant> {
  if (typeof refreshToken !== 'string' || !refreshToken)
    throw configInvalid(['refreshToken: the one of the last grant'])
  const { scope, previousClaims, onRotation } = options
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  if (scope) body.set('scope', scope)
  for (const uri of [options.resource ?? []].flat()) body.append('resource', uri)
  const pinned = pin(server)
  const verifySignature = options.signature?.(pinned, options)
  const posted = await post(pinned, { client_id: clientId }, body, options)
  if (onRotation) {
    const { refresh_token } = Object(await posted.response.clone().json().catch(Object))
    if (typeof refresh_token === 'string') onRotation(refresh_token)
  }
  const [resource] = [options.resource ?? []].flat()
  const expected = { server: pinned, clientId, scope, resource, dpop: options.dpop }
  const { tokens, claims } = await readGrant(expected, posted, verifySignature)
  checkContinuity(claims, previousClaims)
  return { tokens: { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken }, claims }
}
/**
 * Whether an ID token that came with a refresh is of the same sign-in, or of an earlier one: nobody signs in during a
 * refresh (OpenID Connect Core §12.2).
 * @throws `id_token_invalid`
 */
export function checkContinuity(claims: IdTokenClaims | undefined, before: IdTokenClaims | undefined): void {
  if (!claims || !before) return
  // Without an `azp`, it is the client for whom the token was made.
  const first: IdTokenClaims = { azp: before.aud as string, ...before }
  const changed = (['iss', 'sub', 'aud', 'azp'] as const).find(
    (name) => claims[name] !== undefined && first[name] !== undefined && `${claims[name]}` !== `${first[name]}`,
  )
  const newer = Number(claims.auth_time) > Number(before.auth_time)
  const failedCheck = changed ?? (newer && 'auth_time')
  if (failedCheck) throw invalidIdToken(`its ${failedCheck} is not the one of the sign-in`, failedCheck)
}
