import type { ServerMetadata } from '../../protocol/discovery/metadata.js'
import type { TestEndpoint } from './fault.js'

/** The member of the metadata that says where an endpoint is. */
const MEMBERS = {
  jwks_uri: 'jwks',
  authorization_endpoint: 'authorization',
  pushed_authorization_request_endpoint: 'par',
  token_endpoint: 'token',
  userinfo_endpoint: 'userinfo',
  revocation_endpoint: 'revocation',
  end_session_endpoint: 'end_session',
} as const satisfies Record<string, TestEndpoint>

/** The metadata of a test server (RFC 8414 §2). @param base the issuer, without a slash at its end */
export const testMetadata = (issuer: string, base: string, more: object = {}): ServerMetadata =>
  ({
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/jwks`,
    userinfo_endpoint: `${base}/userinfo`,
    revocation_endpoint: `${base}/revoke`,
    end_session_endpoint: `${base}/end-session`,
    pushed_authorization_request_endpoint: `${base}/par`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['ES256'],
    dpop_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
    ...more,
  }) as ServerMetadata

/** The endpoint at an address, which has no query: where the metadata says that it is. */
export function endpointAt(address: string, base: string, metadata: ServerMetadata): TestEndpoint | undefined {
  if (address === `${base}/.well-known/openid-configuration`) return 'metadata'
  if (address === `${base}/.well-known/oauth-authorization-server`) return 'metadata'
  const found = Object.entries(MEMBERS).find(([member]) => String(metadata[member]).split('?')[0] === address)
  return found?.[1]
}
