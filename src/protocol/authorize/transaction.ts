import type { ServerMetadata } from '../discovery/metadata.js'
import type { IdTokenPolicy } from '../jose/id-token.js'
import type { Provider } from '../provider.js'
import type { AuthorizationDetail } from '../token/granted-details.js'
import type { RichAuthorization } from './rich-authorization.js'

/** The server's metadata at the start of the sign-in. The callback uses it as it was then, and need not discover it again. */
export type PinnedServer = Pick<
  ServerMetadata,
  | 'issuer'
  | 'token_endpoint'
  | 'mtls_endpoint_aliases'
  | 'jwks_uri'
  | 'authorization_response_iss_parameter_supported'
  | 'id_token_signing_alg_values_supported'
>

export const pin = (server: ServerMetadata): PinnedServer => {
  const { issuer, token_endpoint, mtls_endpoint_aliases, jwks_uri, authorization_response_iss_parameter_supported } =
    server
  return {
    issuer,
    token_endpoint,
    mtls_endpoint_aliases,
    jwks_uri,
    authorization_response_iss_parameter_supported,
    // Never `none`, and no HMAC: a public client has no secret to verify it with (OpenID Connect Core §3.1.3.7).
    id_token_signing_alg_values_supported: [server.id_token_signing_alg_values_supported ?? 'RS256']
      .flat()
      .filter((algorithm) => typeof algorithm === 'string' && !/^(none$|HS)/i.test(algorithm)),
  } as PinnedServer
}

/**
 * The state of one sign-in between the authorization request and the callback; it can be serialised as JSON. It contains
 * the code verifier and the nonce: store it encrypted, and use it for one callback only.
 */
export interface Transaction {
  readonly server: PinnedServer
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
  readonly codeVerifier: string
  readonly scope?: string | undefined
  readonly requiredScope?: string | undefined
  /** The resource server of the access token (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  /** What the granted `authorization_details` are compared with (RFC 9396 §7). */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** The values that the ID token is checked against; `nonce` is set if `scope` contained `openid`. */
  readonly idToken: IdTokenPolicy
  /** Sent in the request: withheld if the server repeats it in an error. */
  readonly idTokenHint?: string | undefined
  readonly expiresAtMs: number
}

/** The values that a token response is checked against. */
export type ResponseExpectations = Pick<
  Transaction,
  'server' | 'clientId' | 'scope' | 'requiredScope' | 'resource' | 'authorizationDetails'
> & {
  readonly idToken: IdTokenPolicy
  /** Set if the tokens must be bound to a DPoP key (`token_type` must be `DPoP`). */
  readonly dpop?: unknown
  readonly provider?: Provider | undefined
  readonly rar?: RichAuthorization | undefined
  /** Of a refresh: what was granted before. */
  readonly previousDetails?: readonly AuthorizationDetail[] | undefined
}
