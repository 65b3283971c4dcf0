import type { Client } from 'oauth4webapi'
import { type ClientAuth, none } from './client-auth.js'
import { endpoint } from './endpoint.js'
import { type RequestOptions, send } from './request.js'
import type { PinnedServer } from './transaction.js'

export interface TokenRequestOptions extends RequestOptions {
  /** Default {@link none}. */
  readonly clientAuth?: ClientAuth | undefined
}

/** One POST to an endpoint of the server, by default the token endpoint, with the client's authentication (RFC 6749 §2.3). */
export async function post(
  server: PinnedServer,
  client: Client,
  body: URLSearchParams,
  options: TokenRequestOptions,
  name = 'token_endpoint',
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' })
  const { authenticate, route } = options.clientAuth ?? none()
  await authenticate(server, client, body, headers)
  const [at, by] = route?.(server, options) ?? [server, options]
  return send(endpoint(at, name, options.insecure), { method: 'POST', body, headers }, by)
}
