import { configInvalid } from '../authorize/begin.js'
import { requirePkceListed } from '../discovery/capabilities.js'
import { type CheckedMetadata, type DiscoveryOptions, discover } from '../discovery/metadata.js'
import type { DiscoveredResource } from './discover-resource.js'
import { checkReach } from './reach.js'

/**
 * The order of MCP (Authorization Server Discovery, 2026-07-28): RFC 8414 before the issuer's path, OpenID Connect before it,
 * then OpenID Connect after it. Pass it as `wellKnown` to `discover`.
 */
export const mcpWellKnown = (path: string): readonly string[] => [
  `/.well-known/oauth-authorization-server${path}`,
  `/.well-known/openid-configuration${path}`,
  `${path}/.well-known/openid-configuration`,
]

/** Options of {@link discoverServerOf}. */
export interface ResourceServerOptions extends Omit<DiscoveryOptions, 'wellKnown'> {
  /** One of the resource's `authorizationServers`. Default: the first. */
  readonly issuer?: string | undefined
}

/**
 * Fetches the metadata of an authorization server that a resource names, as MCP requires: in MCP's order, only a server that
 * lists S256, and none whose endpoints lead from outside into a network.
 * @returns the metadata, for the `metadata` option of a client or for `beginAuthorization`
 * @throws `config_invalid`, if the resource does not name the issuer; `endpoint_refused`; `pkce_unsupported`; the errors of
 * `discover`
 */
export async function discoverServerOf(
  { authorizationServers }: Pick<DiscoveredResource, 'authorizationServers'>,
  { issuer = authorizationServers[0], ...options }: ResourceServerOptions = {},
): Promise<CheckedMetadata> {
  // A server that the resource does not name could ask for a token of another one, and would get a code for it.
  if (!authorizationServers.includes(issuer)) throw configInvalid(['issuer: must be one of the authorizationServers'])
  const server = await discover(issuer, { ...options, wellKnown: mcpWellKnown })
  requirePkceListed(server)
  checkReach(server, issuer)
  return server
}
