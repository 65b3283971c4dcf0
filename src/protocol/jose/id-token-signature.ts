import { allowInsecureRequests, customFetch, validateApplicationLevelSignature } from 'oauth4webapi'
import { ProofkeyError } from '../../errors.js'
import type { PinnedServer } from '../authorize/transaction.js'
import { type RequestOptions, responseRefused, send } from '../request.js'
import { invalidIdToken } from './id-token.js'

/** Called when the token request starts; the function that it returns checks the token response. */
export type SignatureCheck = (server: PinnedServer, options: RequestOptions) => (response: Response) => Promise<void>

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
export const checkIdTokenSignature: SignatureCheck = (server, options) => {
  const keys = server.jwks_uri ? fetchKeys(server.jwks_uri, options) : undefined
  // Awaited below, or never: the token request may fail first.
  keys?.catch(() => {})
  return async (response) => {
    try {
      await validateApplicationLevelSignature(server, response, {
        [allowInsecureRequests]: !!options.insecure,
        [customFetch]: async (url) => withoutOkpAlg(await (keys ?? fetchKeys(url, options))),
      })
    } catch (error) {
      throw error instanceof ProofkeyError ? error : invalidIdToken((error as Error).message)
    }
  }
}

/** workerd knows Ed25519 keys by the older name of `alg`, Node by both: the curve says it. */
async function withoutOkpAlg(response: Response): Promise<Response> {
  const { keys } = Object(
    await response
      .clone()
      .json()
      .catch(() => undefined),
  )
  if (!Array.isArray(keys)) return response
  const importable = keys.map((key) => (key?.kty === 'OKP' ? { ...key, alg: undefined } : key))
  return new Response(JSON.stringify({ keys: importable }), { headers: response.headers })
}

export async function fetchKeys(url: string, options: RequestOptions): Promise<Response> {
  const response = await send(url, { headers: { accept: 'application/json' } }, options)
  if (!response.ok) throw responseRefused(url, `responded with status ${response.status}`)
  return response
}
