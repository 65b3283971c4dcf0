import type { PinnedServer } from '../authorize/transaction.js'
import { isSecure, parseUrl } from '../discovery/endpoint.js'
import { type RequestOptions, responseRefused, send } from '../request.js'
import { invalidIdToken } from './id-token.js'
import { isSignedBy, type Jwt, keysFor } from './jws.js'

/** Called when the token request starts; the function that it returns verifies the ID token of the response. */
export type SignatureCheck = (server: PinnedServer, options: RequestOptions) => (idToken: Jwt) => Promise<void>

/**
 * Verifies the ID token's signature with the server's keys (OpenID Connect Core §3.1.3.7, 6). In the code flow TLS
 * authenticates the token endpoint, so this check is optional. It costs one request, sent at the same time as the token
 * request, and bytes only if it is imported. A wrong signature, or no matching key, throws `id_token_invalid`; keys that
 * cannot be loaded throw the error of that request.
 * @example
 * ```ts
 * import { checkIdTokenSignature, createClient } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid',
 *   signature: checkIdTokenSignature,
 * })
 * ```
 */
export const checkIdTokenSignature: SignatureCheck = ({ jwks_uri }, options) => {
  const url = parseUrl(jwks_uri)
  const loading = url && isSecure(url, options.insecure) ? fetchKeys(url.href, options) : undefined
  // Awaited below, or never: the token request may fail first.
  loading?.catch(() => {})
  return async (idToken) => {
    if (!loading) throw invalidIdToken('the server has no https jwks_uri to verify it with')
    const { keys } = Object(await (await loading).json().catch(() => undefined))
    const [key, another] = keysFor(idToken.header, Array.isArray(keys) ? keys : [])
    if (!key || another) throw invalidIdToken('the server has no key for it, or more than one')
    if (!(await isSignedBy(idToken, key))) throw invalidIdToken('its signature is wrong')
  }
}

export async function fetchKeys(url: string, options: RequestOptions): Promise<Response> {
  const response = await send(url, { headers: { accept: 'application/json' } }, options)
  if (!response.ok) throw responseRefused(url, `responded with status ${response.status}`)
  return response
}
