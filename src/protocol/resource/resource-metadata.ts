import type { TokenScheme } from './credentials.js'

/** The metadata of a protected resource (RFC 9728 §2). */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[] | undefined
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name?: string | undefined
  readonly resource_documentation?: string | undefined
  readonly resource_policy_uri?: string | undefined
  readonly resource_tos_uri?: string | undefined
  readonly dpop_signing_alg_values_supported?: readonly string[] | undefined
  readonly dpop_bound_access_tokens_required?: true | undefined
  readonly tls_client_certificate_bound_access_tokens?: true | undefined
}

/** The URL of the metadata: the well-known part stands between host and path (RFC 9728 §3.1). */
export function resourceMetadataUrl(resource: string): URL {
  const url = new URL(resource)
  url.pathname = `/.well-known/oauth-protected-resource${url.pathname === '/' ? '' : url.pathname}`
  return url
}

/** What a challenge says of the schemes: the algorithms of DPoP proofs (RFC 9449 §7.1), and where the metadata is (RFC 9728 §5.1). */
export const schemeParameters = (scheme: TokenScheme, { dpop_signing_alg_values_supported }: ResourceMetadata) =>
  scheme === 'DPoP' ? { algs: dpop_signing_alg_values_supported?.join(' ') } : {}
