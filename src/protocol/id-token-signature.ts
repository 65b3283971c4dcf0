import { allowInsecureRequests, customFetch, validateApplicationLevelSignature } from 'oauth4webapi'
import { type RequestOptions, send } from './request.js'
import type { PinnedServer } from './transaction.js'

/** Starts when the token request starts; the function it returns judges the token response. */
export type SignatureCheck = (server: PinnedServer, options: RequestOptions) => (response: Response) => Promise<void>

/**
 * Verifies the ID token's signature with the server's keys (OpenID Connect Core §3.1.3.7, 6). In the code flow TLS
 * already vouches for the token, so this is a choice: it costs one request, made beside the token request, and its own
 * bytes only where it is imported. Failures carry the code `id_token_invalid`.
 */
export const checkIdTokenSignature: SignatureCheck = (server, options) => {
  const keys = server.jwks_uri ? send(server.jwks_uri, { headers: { accept: 'application/json' } }, options) : undefined
  // Awaited below, if at all: the token request may fail first.
  keys?.catch(() => {})
  return (response) =>
    validateApplicationLevelSignature(server, response, {
      [allowInsecureRequests]: !!options.insecure,
      [customFetch]: (url, init) => keys ?? send(url, init as unknown as RequestInit, options),
    })
}
