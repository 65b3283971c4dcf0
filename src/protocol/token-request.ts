import type { Client } from 'oauth4webapi'
import { type ClientAuth, none } from './client-auth.js'
import { endpoint } from './endpoint.js'
import { type RequestOptions, send } from './request.js'
import type { PinnedServer } from './transaction.js'

export interface TokenRequestOptions extends RequestOptions {
  /** Default {@link none}. */
  readonly clientAuth?: ClientAuth | undefined
}

/** One POST to the token endpoint, with the client's authentication (RFC 6749 §4.1.3). */
export async function requestTokens(
  server: PinnedServer,
  client: Client,
  body: URLSearchParams,
  options: TokenRequestOptions,
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' })
  const { authenticate, route } = options.clientAuth ?? none()
  await authenticate(server, client, body, headers)
  const [at, by] = route?.(server, options) ?? [server, options]
  return send(endpoint(at, 'token_endpoint', options.insecure), { method: 'POST', body, headers }, by)
}
