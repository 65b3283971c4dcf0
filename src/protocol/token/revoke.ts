import { ProofkeyError } from '../../errors.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { post, type TokenRequestOptions } from './token-request.js'

/**
 * Revokes a token (RFC 7009 §2). The server responds 200 for an unknown token too. With `dpop` the request has a proof: some
 * servers revoke nothing without it, and respond 200 all the same.
 * @throws `endpoint_refused`, if the server has no revocation endpoint; `network_error`, `timeout`, `aborted`,
 * `response_refused`; `token_request_refused`: the token may remain valid
 */
export async function revokeToken(
  server: ServerMetadata,
  clientId: string,
  token: string,
  options: TokenRequestOptions & { readonly tokenTypeHint?: 'access_token' | 'refresh_token' | undefined } = {},
): Promise<void> {
  const body = new URLSearchParams({ token })
  if (options.tokenTypeHint) body.set('token_type_hint', options.tokenTypeHint)
  const revoke = (options: TokenRequestOptions) =>
    post(server, { client_id: clientId }, body, options, 'revocation_endpoint')
  const { response } = await revoke(options).catch((error) => {
    // Not every such endpoint allows the DPoP header (CORS).
    if (!options.dpop || error.code !== 'network_error') throw error
    return revoke({ ...options, dpop: undefined })
  })
  const { status } = response
  if (status !== 200) {
    throw new ProofkeyError(
      'token_request_refused',
      `The server did not revoke the token: status ${status}.`,
      status === 503 ? 'The token may remain valid; try again later.' : 'Check the client authentication.',
    )
  }
}
