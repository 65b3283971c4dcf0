import type { ServerMetadata } from '../discovery/metadata.js'
import type { IdTokenPolicy } from '../jose/id-token.js'

/** What of the server's metadata a sign-in is bound to: the callback needs no other request than the one to its token endpoint. */
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
    // Only what proves something to a client that holds no secret: never `none`, never HMAC (OpenID Connect Core §3.1.3.7).
    id_token_signing_alg_values_supported: [server.id_token_signing_alg_values_supported ?? 'RS256']
      .flat()
      .filter((algorithm) => !/^(none$|HS)/i.test(algorithm)),
  } as PinnedServer
}

/**
 * One sign-in between its start and its callback; survives JSON. Holds the verifier and the nonce: keep it sealed, hand
 * it out once.
 */
export interface Transaction {
  readonly server: PinnedServer
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
  readonly codeVerifier: string
  readonly scope?: string | undefined
  readonly requiredScope?: string | undefined
  /** Which resource server the access token is for (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  /** What the ID token is held against; its nonce is set where `openid` was asked for. */
  readonly idToken: IdTokenPolicy
  readonly expiresAtMs: number
}

/** What the answer of the token endpoint is held against. */
export type ResponseExpectations = Pick<Transaction, 'server' | 'clientId' | 'scope' | 'requiredScope' | 'resource'> & {
  /** Undefined where the caller judges the ID token itself, as a refresh does. */
  readonly idToken?: IdTokenPolicy | undefined
  /** Set where the tokens are to be tied to a key. */
  readonly dpop?: unknown
}
