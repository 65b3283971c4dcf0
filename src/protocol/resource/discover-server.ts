import { configInvalid } from '../authorize/begin.js'
import { requirePkceListed } from '../discovery/capabilities.js'
import { endpoint } from '../discovery/endpoint.js'
import {
  type CheckedMetadata,
  checkMetadata,
  type DiscoveryOptions,
  type ServerMetadata,
} from '../discovery/metadata.js'
import type { DiscoveredResource } from './discover-resource.js'
import { firstDocument } from './first-document.js'
import { checkReach } from './reach.js'

/** Options of {@link discoverServerOf}. */
export interface ResourceServerOptions extends DiscoveryOptions {
  /** One of the resource's `authorizationServers`. Default: the first. */
  readonly issuer?: string | undefined
}

/**
 * Fetches the metadata of an authorization server that a resource names, as MCP requires (Authorization, 2026-07-28): the first
 * that exists of RFC 8414 before the issuer's path, OpenID Connect before it, and OpenID Connect after it; only of this very
 * issuer, only if it lists S256, and none whose endpoints lead from outside into a network.
 * @returns the metadata, for the `metadata` option of a client or for `beginAuthorization`
 * @throws `config_invalid`, if the resource does not name the issuer; `issuer_mismatch`, `endpoint_refused`,
 * `pkce_unsupported`; `network_error`, `timeout`, `aborted`, `response_refused`
 * @example
 * ```ts
 * import { discoverResource, discoverServerOf } from 'proofkey/protocol'
 *
 * const server = await discoverServerOf(await discoverResource('https://mcp.example.com/mcp'))
 * ```
 */
export async function discoverServerOf(
  { authorizationServers }: Pick<DiscoveredResource, 'authorizationServers'>,
  { issuer = authorizationServers[0], provider, ...options }: ResourceServerOptions = {},
): Promise<CheckedMetadata> {
  // A server that the resource does not name could ask for a token of another one, and would get a code for it.
  if (!authorizationServers.includes(issuer)) throw configInvalid(['issuer: must be one of the authorizationServers'])
  const { insecure } = options
  const { origin, pathname } = new URL(endpoint({ issuer: provider?.metadataBase ?? issuer }, 'issuer', insecure))
  const path = pathname.replace(/\/$/, '')
  const places = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
    `${path}/.well-known/openid-configuration`,
  ].map((place) => origin + place)
  const { document } = await firstDocument<ServerMetadata>(new Set(places), options, { allowRedirect: true })
  const server = checkMetadata(provider?.metadata(document) ?? document, issuer, insecure)
  requirePkceListed(server)
  checkReach(server, issuer)
  return server
}
