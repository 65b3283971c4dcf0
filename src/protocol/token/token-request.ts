import type { Secrets } from '../../errors.js'
import type { RichAuthorization } from '../authorize/rich-authorization.js'
import type { PinnedServer } from '../authorize/transaction.js'
import { type ClientAuth, none } from '../client-auth/client-auth.js'
import { clientKeyOf, type Partition } from '../client-key.js'
import { endpoint } from '../discovery/endpoint.js'
import type { Provider } from '../provider.js'
import { type RequestOptions, send } from '../request.js'
import type { Dpop } from './dpop.js'

export interface TokenRequestOptions extends RequestOptions, Partition {
  /** Default {@link none}. */
  readonly clientAuth?: ClientAuth | undefined
  /** Binds the tokens to a key (RFC 9449) and rejects bearer tokens. Default: bearer tokens. */
  readonly dpop?: Dpop | undefined
  /** How this server differs from the standards. */
  readonly provider?: Provider | undefined
  /** Pass `richAuthorization()` with `authorizationDetails` (RFC 9396): it compares what is granted. */
  readonly rar?: RichAuthorization | undefined
}

/** An endpoint's response, and the secrets of the request, to withhold them in error texts. */
export interface Posted {
  readonly response: Response
  readonly secrets: Secrets
}

/** One POST to an endpoint of the server, by default the token endpoint, with the client's authentication (RFC 6749 §2.3). */
export async function post(
  server: PinnedServer,
  client: { client_id: string },
  body: URLSearchParams,
  options: TokenRequestOptions,
  name = 'token_endpoint',
): Promise<Posted> {
  const { dpop, partition, clientAuth = none() } = options
  const [at, by] = clientAuth.route?.(server, options) ?? [server, options]
  // Build a new request for a retry: a client assertion and a DPoP proof are valid for one request.
  const request = async (by: RequestOptions): Promise<Posted> => {
    const headers = new Headers({ accept: 'application/json' })
    await clientAuth.authenticate(server, client, body, headers)
    const response = await send(endpoint(at, name, options.insecure), { method: 'POST', body, headers }, by)
    return { response, secrets: [...secretsOf(body, headers), clientAuth.secret?.(headers)] }
  }
  return dpop ? dpop.attempt(clientKeyOf(server.issuer, client.client_id, partition), request, by) : request(by)
}

/** Parameters that are not secret; any other parameter may be. */
const PUBLIC_PARAMETER =
  /^(\w+_type|client_id|redirect_uri|scope|resource|audience|acr_values|authorization_details|token_type_hint)$/

/** The secret parameters and the credentials in the headers. */
const secretsOf = (body: URLSearchParams, headers: Headers): Secrets => [
  ...[...body].flatMap(([name, value]) => (PUBLIC_PARAMETER.test(name) ? [] : value)),
  ...[...headers].flatMap(([name, value]) => (name === 'accept' ? [] : value.replace(/^\w+ /, ''))),
]
