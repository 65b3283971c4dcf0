import { configInvalid } from '../authorize/begin.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { checkTokenType } from './check-grant.js'
import type { TokenType } from './complete.js'
import { type GrantedToken, requestGrant, type TokenTarget } from './grant-request.js'
import type { TokenRequestOptions } from './token-request.js'

/** Options of {@link clientCredentialsGrant}. */
export interface ClientCredentialsOptions extends TokenRequestOptions, TokenTarget {}

/** An access token of the client itself, not of a user. */
export interface ClientAccessToken extends GrantedToken {
  readonly accessToken: string
  /** `dpop` with the option `dpop`, otherwise `bearer`. */
  readonly tokenType: TokenType
}

/**
 * Requests an access token for the client itself (RFC 6749 §4.4): no user is involved. A refresh token in the response is
 * not read (§4.4.3): request a new token in its place.
 * @throws `config_invalid`, also without client authentication (§4.4: confidential clients only); `client_auth_unsupported`,
 * `not_supported`, `endpoint_refused`; `network_error`, `timeout`, `aborted`, `response_refused`; `token_request_refused`,
 * `token_response_invalid`, `scope_missing`
 * @example
 * ```ts
 * import { clientCredentialsGrant, clientSecretBasic, discover } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const { accessToken } = await clientCredentialsGrant(server, 'invoices', {
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   scope: 'orders:read',
 * })
 * ```
 */
export async function clientCredentialsGrant(
  server: ServerMetadata,
  clientId: string,
  options: ClientCredentialsOptions,
): Promise<ClientAccessToken> {
  checkConfidential(options)
  return requestGrant(server, clientId, { grant_type: 'client_credentials' }, options, ({ answer, granted }) => ({
    accessToken: answer.accessToken,
    tokenType: checkTokenType(answer.tokenType, options.dpop),
    ...granted,
  }))
}

/** @throws `config_invalid` */
export function checkConfidential({ clientAuth }: Pick<TokenRequestOptions, 'clientAuth'>): void {
  if (typeof clientAuth?.authenticate !== 'function' || clientAuth.method === 'none')
    throw configInvalid([
      'clientAuth (object): must be a client authentication method other than none(), for example privateKeyJwt(key)',
    ])
}
