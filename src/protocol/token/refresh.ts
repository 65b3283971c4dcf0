import { configInvalid, needsRar } from '../authorize/begin.js'
import { pin } from '../authorize/transaction.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { refreshPolicy } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import type { IdTokenClaims } from '../jose/standard-claims.js'
import { type Grant, readGrant } from './complete.js'
import type { AuthorizationDetail } from './granted-details.js'
import { post, type TokenRequestOptions } from './token-request.js'

/** Options of a refresh (RFC 6749 §6). */
export interface RefreshOptions extends TokenRequestOptions {
  /** Space-separated; a part of the granted scope. Default: all of it (RFC 6749 §6). */
  readonly scope?: string | undefined
  /** RFC 8707 §2.2. */
  readonly resource?: string | readonly string[] | undefined
  /** For servers that have this parameter in place of `resource`. */
  readonly audience?: string | undefined
  /** Part of what was granted, with `rar` (RFC 9396 §6). Default: all of it. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** What was granted at the sign-in: the answer is compared with it, if `authorizationDetails` asks for no part. */
  readonly previousDetails?: readonly AuthorizationDetail[] | undefined
  /** Pass `checkIdTokenSignature` to verify a new ID token's signature too. */
  readonly signature?: SignatureCheck | undefined
  /** The claims of the sign-in: a new ID token must be of the same user (OpenID Connect Core §12.2). */
  readonly previousClaims?: IdTokenClaims | undefined
  /** Called with a new refresh token before the response is checked: the old one is invalid, even if a check fails. */
  readonly onRotation?: ((refreshToken: string) => void) | undefined
  /** Called if the ID token has a newer `auth_time` than the sign-in. Some servers do that, though a refresh is no sign-in. */
  readonly onNewerAuthTime?: (() => void) | undefined
}

/**
 * Sends a refresh request (RFC 6749 §6). If the response has no refresh token, the result contains the old one. Otherwise
 * store the new one first: the old one is no longer valid. Without a response the old one may be invalid too, and a server
 * that detects reuse may then revoke the grant.
 * @throws `network_error`, `timeout`, `aborted`, `response_refused`, `endpoint_refused`; `token_request_refused`;
 * `token_response_invalid`; `id_token_invalid`; `authorization_details_mismatch`
 */
export async function refreshTokens(
  server: ServerMetadata,
  clientId: string,
  refreshToken: string,
  options: RefreshOptions = {},
): Promise<Grant> {
  if (typeof refreshToken !== 'string' || !refreshToken)
    throw configInvalid(['refreshToken (string): must be that of the last token response'])
  const { scope, audience, previousClaims, onRotation, rar, authorizationDetails } = options
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  if (scope) body.set('scope', scope)
  if (audience) body.set('audience', audience)
  if (authorizationDetails) body.set('authorization_details', (rar ?? needsRar()).toText(authorizationDetails))
  for (const uri of [options.resource ?? []].flat()) body.append('resource', uri)
  const pinned = pin(server)
  const verifySignature = options.signature?.(pinned, options)
  const posted = await post(pinned, { client_id: clientId }, body, options)
  if (onRotation) {
    const { refresh_token } = Object(await posted.response.clone().json().catch(Object))
    if (typeof refresh_token === 'string') onRotation(refresh_token)
  }
  const [resource] = [options.resource ?? []].flat()
  const idToken = refreshPolicy(previousClaims)
  const expected = { ...options, server: pinned, clientId, resource, idToken }
  const { tokens, claims } = await readGrant(expected, posted, verifySignature)
  if (Number(claims?.auth_time) > Number(previousClaims?.auth_time)) options.onNewerAuthTime?.()
  return { tokens: { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken }, claims }
}
