import { ProofkeyError } from '../../errors.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { post, type TokenRequestOptions } from './token-request.js'

/**
 * Revokes a token (RFC 7009 §2). The server answers 200 for a token it does not know, too.
 * @throws `endpoint_refused`, where the server has no revocation endpoint; `network_error`, `timeout`, `aborted`,
 * `response_refused`; `token_request_refused`, where the token may live on
 */
export async function revokeToken(
  server: ServerMetadata,
  clientId: string,
  token: string,
  options: TokenRequestOptions & { readonly tokenTypeHint?: 'access_token' | 'refresh_token' | undefined } = {},
): Promise<void> {
  const body = new URLSearchParams({ token })
  if (options.tokenTypeHint) body.set('token_type_hint', options.tokenTypeHint)
  const { response } = await post(
    server,
    { client_id: clientId },
    body,
    // No token is asked for, and not every such endpoint lets a page send a proof.
    { ...options, dpop: undefined },
    'revocation_endpoint',
  )
  const { status } = response
  if (status !== 200) {
    throw new ProofkeyError(
      'token_request_refused',
      `The server did not revoke the token: status ${status}.`,
      status === 503 ? 'The token may live on; try again later.' : 'Check the client authentication.',
    )
  }
}
