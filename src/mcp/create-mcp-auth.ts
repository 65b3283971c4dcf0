import { createSessionClient, type SessionClient } from '../client/create-session-client.js'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { createEmitter, type ProofkeyEvent, type Subscribe } from '../events.js'
import { type ClientIdentity, identifyClient } from '../protocol/client-auth/identify-client.js'
import type { Fetch } from '../protocol/request.js'
import { requestCopies } from '../protocol/request-copies.js'
import { type DiscoveredResource, discoverResource, resourceParameter } from '../protocol/resource/discover-resource.js'
import { discoverServerOf } from '../protocol/resource/discover-server.js'
import { joinScopes, scopes } from '../protocol/scope.js'
import { createApiFetch, fetchOf } from '../session/api-fetch.js'
import type { Session } from '../session/session-record.js'
import { nobody } from '../session/token-source.js'
import { checkMcpConfig, type McpAuthConfig, type McpSignInRequest } from './mcp-config.js'

/** Access to one MCP server. */
export interface McpAuth {
  /**
   * The `fetch` option of the transports of `@modelcontextprotocol/sdk`. It sends the access token to the MCP server only. If
   * the server demands a sign-in, or more scope, the user signs in and the request is sent again, at most three times.
   * @throws the errors of discovery, client registration and sign-in; `login_required` or `insufficient_scope` if
   * `beforeSignIn` said no or the authorization server did not grant the scope
   */
  readonly fetch: Fetch
  /**
   * The `authProvider` of the transports of version 2 of the SDK, where `fetch` cannot be passed. It knows no `scope`
   * challenge and no DPoP: prefer `fetch`.
   */
  readonly authProvider: {
    token(): Promise<string | undefined>
    onUnauthorized(context: { readonly response: Response }): Promise<void>
  }
  /** The session at the authorization server; undefined before the first request and if no user is signed in. */
  readonly session: Session | undefined
  /** Ends the session here and at the authorization server, as `signOut` of a session client. The registration is kept. */
  signOut(): Promise<void>
  readonly subscribe: Subscribe<ProofkeyEvent>
  /** Stops all timers and listeners. The stored session is kept. */
  close(): void
}

/** What one authorization server knows of this client, and what it has granted. */
interface Connection {
  readonly found: DiscoveredResource
  readonly issuer: string
  readonly identity: ClientIdentity
  readonly auth: SessionClient
  readonly send: Fetch
  /** What it did not grant although it was requested: it is not requested again. */
  readonly denied: Set<string>
}

/** How many sign-ins one request may cause: for a user, for scope, and after another authorization server. */
const MAX_SIGN_INS = 3

/**
 * Signs in to an MCP server, given only its URL: finds its authorization server (RFC 9728, RFC 8414), identifies this client
 * there (pre-registered, client ID metadata document, or dynamic registration), and lets the user sign in with PKCE, with
 * `resource` in all requests (RFC 8707). It requests nothing before the server demands a token.
 * @throws `config_invalid`
 */
export function createMcpAuth(given: McpAuthConfig): McpAuth {
  const config = checkMcpConfig(given)
  const { url, location, provider, originResource, chooseServer, beforeSignIn, scope: wanted } = config
  const { fetch, insecure, vault, sessionStore, dpop, redirectUri, userAgent, additionalParameters } = config
  const options = { fetch, insecure }
  const plain = fetchOf(config)
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  let connection: Connection | undefined
  let connecting: Promise<Connection> | undefined
  let signingIn: Promise<void> | undefined

  /** Tokens are for the MCP server: its URL and those below. */
  function isForServer(requested: string): boolean {
    const { origin, pathname } = new URL(requested)
    const root = location.pathname.replace(/\/$/, '')
    return origin === location.origin && (!!originResource || `${pathname}/`.startsWith(`${root}/`))
  }

  /** @param response the challenge; without one, the metadata is at the well-known URL */
  async function find(response?: Response): Promise<Connection> {
    const found = await discoverResource(url, { ...options, response, originResource })
    const issuer = (await chooseServer?.(found.authorizationServers)) ?? found.authorizationServers[0]
    const server = await discoverServerOf(found, { ...options, issuer, provider })
    const identity = await identifyClient(server, { ...config, ...options })
    const { clientId, clientAuth } = identity
    // The same client at the same server: its sessions stay, also what it did not grant.
    if (connection?.issuer === issuer && connection.identity.clientId === clientId) return { ...connection, found }
    connection?.auth.close()
    const auth = createSessionClient({
      ...{ ...options, issuer, metadata: server, provider, clientId, clientAuth, redirectUri, userAgent },
      ...{ vault, sessionStore, dpop, additionalParameters },
      scope: joinScopes(wanted, found.scope) ?? '',
      resource: resourceParameter(found, provider),
      // One client may have sessions for several MCP servers.
      partition: found.resource,
      apis: { [location.origin]: {} },
    })
    auth.subscribe(emit)
    await auth.restore()
    return { found, issuer, identity, auth, send: createApiFetch(auth), denied: new Set() }
  }

  /** Requests at the same time share the work. */
  function connect(response?: Response): Promise<Connection> {
    connecting ??= find(response)
      .then((next) => {
        connection = next
        return next
      })
      .finally(() => {
        connecting = undefined
      })
    return connecting
  }

  async function askAndSignIn(at: Connection, reason: McpSignInRequest['reason'], more?: string): Promise<void> {
    const { found, issuer, auth, identity, denied } = at
    const scope = joinScopes(wanted, auth.session?.scope, found.scope, more)
    const refused = () =>
      reason === 'login'
        ? nobody('beforeSignIn did not allow a sign-in.')
        : new ProofkeyError(
            'insufficient_scope',
            `The MCP server requires scope that was not granted: ${more ?? ''}.`,
            'Grant it at the authorization server, and create another object to try again.',
            { requirements: { scope: more ?? '' } },
          )
    if (reason === 'scope' && scopes(more).every((one) => denied.has(one))) throw refused()
    if (beforeSignIn && !(await beforeSignIn({ reason, resource: found.resource, issuer, scope }))) throw refused()
    try {
      await auth.signIn({ scope })
    } catch (error) {
      // The next attempt registers again.
      if (await identity.forgetIfRefused(error)) connection = undefined
      throw error
    }
    const granted = scopes(auth.session?.scope)
    for (const one of scopes(more)) if (!granted.includes(one)) denied.add(one)
  }

  /** One sign-in at a time: others wait for it, and try again with what it brought. */
  const signIn = (...request: Parameters<typeof askAndSignIn>): Promise<void> =>
    (signingIn ??= askAndSignIn(...request).finally(() => {
      signingIn = undefined
    }))

  /** The session's token was refused although new: the MCP server may use another authorization server by now. */
  async function signInAgain(response?: Response): Promise<void> {
    await signIn(await connect(response), 'login')
  }

  async function recover(at: Connection, error: unknown): Promise<void> {
    if (!isProofkeyError(error)) throw error
    if (await at.identity.forgetIfRefused(error)) return signInAgain()
    if (error.code === 'login_required') return signIn(at, 'login')
    if (error.code !== 'insufficient_scope') throw error
    return signIn(at, 'scope', error.requirements?.scope)
  }

  const send: Fetch = async (input, init) => {
    const copies = requestCopies(input, init)
    if (!isForServer(copies.request.url)) return plain(copies.copy())
    if (!connection) {
      const response = await plain(copies.copy())
      if (response.status !== 401) return response
      await connect(response)
      // A stream cannot be sent again; the next request has a token.
      if (copies.once) return response
      response.body?.cancel().catch(() => {})
    }
    for (let signIns = 0; ; signIns++) {
      const at = connection ?? (await connect())
      try {
        const response = await at.send(copies.copy())
        if (response.status !== 401 || copies.once || signIns) return response
        await signInAgain(response)
      } catch (error) {
        if (copies.once || signIns === MAX_SIGN_INS) throw error
        await recover(at, error)
      }
    }
  }

  return {
    fetch: send,
    authProvider: {
      token: async () => (connection?.auth.session ? connection.auth.getAccessToken() : undefined),
      onUnauthorized: ({ response }) => signInAgain(response),
    },
    get session() {
      return connection?.auth.session
    },
    signOut: async () => (connection ?? (await connect())).auth.signOut(),
    subscribe,
    close: () => connection?.auth.close(),
  }
}
