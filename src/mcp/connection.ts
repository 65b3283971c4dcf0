import { createSessionClient, type SessionClient } from '../client/create-session-client.js'
import type { ProofkeyEvent } from '../events.js'
import { type ClientIdentity, identifyClient } from '../protocol/client-auth/identify-client.js'
import type { ClientRegistrations } from '../protocol/client-auth/registrations.js'
import type { ServerMetadata } from '../protocol/discovery/metadata.js'
import { type DiscoveredResource, discoverResource, resourceParameter } from '../protocol/resource/discover-resource.js'
import { discoverServerOf } from '../protocol/resource/discover-server.js'
import { joinScopes } from '../protocol/scope.js'
import type { SessionStore } from '../vault/session-store.js'
import type { McpAuthConfig } from './mcp-config.js'

/** What is kept of a discovery: enough to read the session of a page or process before. */
export interface KnownServer extends Pick<DiscoveredResource, 'resource' | 'authorizationServers' | 'scope'> {
  readonly issuer: string
}

/** An MCP server, its authorization server, and the client and the session there. */
export interface Connection {
  readonly known: KnownServer
  readonly client: ClientIdentity
  readonly session: SessionClient
  /** What a sign-in requests. */
  readonly scope: string | undefined
}

/**
 * Asks the MCP server where to sign in. The answer of now counts, not that of an earlier time.
 * @param issuer the authorization server to stay with, if it is still one of those
 */
export async function askServer(config: McpAuthConfig, response?: Response, issuer?: string): Promise<KnownServer> {
  const { originResource, chooseServer } = config
  const found = await discoverResource(config.url, { ...requestsOf(config), response, originResource })
  const { resource, authorizationServers, scope } = found
  const stays = authorizationServers.find((listed) => listed === issuer)
  const chosen = stays ?? (await chooseServer?.(authorizationServers)) ?? authorizationServers[0]
  return { resource, authorizationServers, scope, issuer: chosen }
}

/** Opens the session at that authorization server. Everything in it is of this issuer, this resource and this user. */
export async function connectTo(
  known: KnownServer,
  config: McpAuthConfig,
  { store, emit }: { readonly store: SessionStore; readonly emit: (event: ProofkeyEvent) => void },
): Promise<Connection> {
  const { issuer } = known
  const { url, user, device, chooseServer, confirmSignIn, originResource, ...given } = config
  const { preregistered, clientMetadataUrl, register, registrations, ...options } = given
  const server = await discoverServerOf(known, { ...requestsOf(config), issuer, provider: config.provider })
  const client = await identifyClient(server, {
    ...config,
    register: device ? withDeviceGrant(register) : register,
    registrations: registrations && reported(registrations, emit),
  })
  const scope = joinScopes(config.scope, known.scope, offlineAccess(server))
  const session = createSessionClient({
    ...options,
    sessionStore: store,
    issuer,
    metadata: server,
    clientId: client.clientId,
    clientAuth: client.clientAuth,
    scope,
    resource: resourceParameter(known, config.provider),
    // A token of one MCP server, or of one user, must never be found by the client of another.
    partition: JSON.stringify([known.resource, user]),
  })
  return { known, client, session, scope }
}

const requestsOf = ({ fetch, insecure, timeoutSeconds }: McpAuthConfig) => ({ fetch, insecure, timeoutSeconds })

/** A server that lists it issues refresh tokens for it only (OpenID Connect Core §11; MCP, Refresh Tokens). */
const offlineAccess = ({ scopes_supported: listed }: ServerMetadata) =>
  [listed ?? []].flat().includes('offline_access') ? 'offline_access' : undefined

/** The same store, with events for what is registered and forgotten. */
function reported(registrations: ClientRegistrations, emit: (event: ProofkeyEvent) => void): ClientRegistrations {
  const tell = (type: 'registration_completed' | 'registration_forgotten', issuer: string, clientId: string) =>
    emit({ type, atMs: Date.now(), issuer, clientId })
  return {
    get: (issuer) => registrations.get(issuer),
    async add(issuer, registration) {
      const kept = await registrations.add(issuer, registration)
      tell('registration_completed', issuer, registration.clientId)
      return kept
    },
    async delete(issuer, clientId) {
      const isDeleted = await registrations.delete(issuer, clientId)
      if (isDeleted) tell('registration_forgotten', issuer, clientId)
      return isDeleted
    },
    exclusive: (issuer, work) => registrations.exclusive?.(issuer, work) ?? work(),
  }
}

const withDeviceGrant = (register: McpAuthConfig['register']): McpAuthConfig['register'] =>
  register && {
    ...register,
    additionalMetadata: {
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      ...register.additionalMetadata,
    },
  }
