import type { Client } from 'oauth4webapi'
import type { PinnedServer } from '../authorize/transaction.js'
import { type ClientAuth, none } from '../client-auth/client-auth.js'
import { clientKeyOf } from '../client-key.js'
import { endpoint } from '../discovery/endpoint.js'
import { type RequestOptions, send } from '../request.js'
import type { Dpop } from './dpop.js'

export interface TokenRequestOptions extends RequestOptions {
  /** Default {@link none}. */
  readonly clientAuth?: ClientAuth | undefined
  /** Ties the tokens to a key (RFC 9449); a token that is not is then refused. Default: bearer tokens. */
  readonly dpop?: Dpop | undefined
}

/** One POST to an endpoint of the server, by default the token endpoint, with the client's authentication (RFC 6749 §2.3). */
export async function post(
  server: PinnedServer,
  client: Client,
  body: URLSearchParams,
  options: TokenRequestOptions,
  name = 'token_endpoint',
): Promise<Response> {
  const { dpop, clientAuth = none() } = options
  const [at, by] = clientAuth.route?.(server, options) ?? [server, options]
  // From its start each time: an assertion, like a proof, is good for one request.
  const request = async (by: RequestOptions) => {
    const headers = new Headers({ accept: 'application/json' })
    await clientAuth.authenticate(server, client, body, headers)
    return send(endpoint(at, name, options.insecure), { method: 'POST', body, headers }, by)
  }
  return dpop ? dpop.attempt(clientKeyOf(server.issuer, client.client_id), request, by) : request(by)
}
