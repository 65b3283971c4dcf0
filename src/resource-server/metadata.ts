import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { ResourceMetadata } from '../protocol/resource/resource-metadata.js'
import { ALGORITHMS, type ResourceServerConfig, type TrustedIssuer } from './resource-server-config.js'

/** The metadata document of an API (RFC 9728 §2). `resource` is the text that the configuration has, not what `URL` makes of it. */
export function resourceMetadata(config: ResourceServerConfig, resource: string): ResourceMetadata {
  const { dpop, mutualTls, algorithms = ALGORITHMS } = config
  const trusted = config.issuers ?? [config as TrustedIssuer]
  return {
    resource,
    authorization_servers: trusted.map(({ issuer }) => issuer),
    scopes_supported: config.scopesSupported,
    bearer_methods_supported: ['header'],
    resource_name: config.name,
    resource_documentation: config.documentation,
    resource_policy_uri: config.policy,
    resource_tos_uri: config.termsOfService,
    dpop_signing_alg_values_supported: dpop && [...algorithms],
    dpop_bound_access_tokens_required: dpop?.required,
    tls_client_certificate_bound_access_tokens: mutualTls && true,
  }
}

/** Every client may read it. */
const CORS = { 'access-control-allow-origin': '*' }
const PREFLIGHT = { 'access-control-allow-methods': 'GET, HEAD', 'access-control-allow-headers': '*' }

/** Serves the document at its well-known path, whatever the host: behind a proxy it is another one. */
export function metadataHandler(metadata: ResourceMetadata, metadataUrl: string) {
  const { pathname } = new URL(metadataUrl)
  const text = JSON.stringify(metadata)
  return ({ method, url }: Request): Response | undefined => {
    // Most requests are for something else.
    if (!url.includes('/.well-known/') || parseUrl(url)?.pathname !== pathname) return undefined
    if (method === 'OPTIONS') return new Response(null, { status: 204, headers: { ...CORS, ...PREFLIGHT } })
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(null, { status: 405, headers: { ...CORS, allow: 'GET, HEAD, OPTIONS' } })
    const headers = { ...CORS, 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' }
    return new Response(method === 'HEAD' ? null : text, { headers })
  }
}
