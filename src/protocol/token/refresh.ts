import { configInvalid } from '../authorize/begin.js'
import { pin } from '../authorize/transaction.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { invalidIdToken } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import { type Grant, type IdTokenClaims, readGrant } from './complete.js'
import { post, type TokenRequestOptions } from './token-request.js'

export interface RefreshOptions extends TokenRequestOptions {
  /** Space-separated; a part of the granted scope. Default: all of it (RFC 6749 §6). */
  readonly scope?: string | undefined
  /** RFC 8707 §2.2. */
  readonly resource?: string | readonly string[] | undefined
  /** Pass `checkIdTokenSignature` to verify a new ID token's signature too. */
  readonly signature?: SignatureCheck | undefined
  /** The claims of the sign-in: a new ID token must be of the same user (OpenID Connect Core §12.2). */
  readonly previousClaims?: IdTokenClaims | undefined
  /** Called with a new refresh token before the response is checked: the old one is invalid, even if a check fails. */
  readonly onRotation?: ((refreshToken: string) => void) | undefined
}

/**
 * Sends a refresh request (RFC 6749 §6). If the response has no refresh token, the result contains the old one. Otherwise
 * store the new one first: the old one is no longer valid. Without a response the old one may be invalid too, and a server
 * that detects reuse may then revoke the grant.
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
    throw configInvalid(['refreshToken (string): must be that of the last token response'])
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
 * Checks that the ID token of a refresh response belongs to the same sign-in (OpenID Connect Core §12.2): the same user and
 * client, and no later `auth_time`.
 * @throws `id_token_invalid`
 */
export function checkContinuity(claims: IdTokenClaims | undefined, before: IdTokenClaims | undefined): void {
  if (!claims || !before) return
  // Without `azp`, the token was issued to its audience.
  const first: IdTokenClaims = { azp: before.aud as string, ...before }
  const changed = (['iss', 'sub', 'aud', 'azp'] as const).find(
    (name) => claims[name] !== undefined && first[name] !== undefined && `${claims[name]}` !== `${first[name]}`,
  )
  const newer = Number(claims.auth_time) > Number(before.auth_time)
  const failedCheck = changed ?? (newer && 'auth_time')
  if (failedCheck) throw invalidIdToken(`its ${failedCheck} is not that of the sign-in`, failedCheck)
}
