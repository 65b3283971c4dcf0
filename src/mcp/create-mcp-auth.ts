import type { SignInOptions } from '../client/create-client.js'
import { type PageStartOptions, type Started, startPage } from '../client/start.js'
import { createEmitter, type ProofkeyEvent } from '../events.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import { joinScopes, scopes } from '../protocol/scope.js'
import { nobody } from '../session/token-source.js'
import { currentUrl } from '../user-agents/address-bar.js'
import { inTurn as createTurns, memorySessions } from '../vault/session-store.js'
import { askServer, type Connection, connectTo, type KnownServer } from './connection.js'
import { signInByDevice } from './device-grant.js'
import { knownServers } from './known-servers.js'
import type { McpAuth, McpAuthConfig } from './mcp-config.js'
import { createMcpFetch, type Refused } from './mcp-fetch.js'
import { createLimit, createPrompts } from './prompts.js'

/**
 * Signs one user in at one MCP server (MCP Authorization, 2026-07-28), whose URL is all that it needs to know: it discovers
 * the authorization server, gets a client there, signs in with `resource`, and keeps the session. What it stores is kept apart
 * by issuer, resource and user: if the MCP server names another authorization server, there is a new client and a new sign-in,
 * and the earlier tokens are sent to neither. It sends no request before its first use.
 * @throws `config_invalid`; the methods also the errors of `createSessionClient`
 * @example
 * ```ts
 * import { createMcpAuth, memoryRegistrations } from 'proofkey/mcp'
 * import { loopback } from 'proofkey/node'
 *
 * const auth = createMcpAuth({
 *   url: 'https://mcp.example.com/mcp',
 *   redirectUri: 'http://127.0.0.1/callback',
 *   userAgent: loopback(),
 *   register: { clientName: 'My agent' },
 *   registrations: memoryRegistrations(),
 * })
 * const response = await auth.fetch('https://mcp.example.com/mcp', { method: 'POST', body: '{}' })
 * ```
 */
export function createMcpAuth(config: McpAuthConfig): McpAuth {
  const { sessionStore = memorySessions(), device } = config
  const known = knownServers(sessionStore, config.url, config.user)
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  const prompts = createPrompts(config)
  const changes = createLimit()
  const inTurn = createTurns()
  let connection: Connection | undefined
  /** What the MCP server has named last, also if there is no connection to it. */
  let named: KnownServer | undefined
  let opening: Promise<Connection | undefined> | undefined
  let starting: Promise<Started> | undefined

  /** One at a time: of requests that are refused at once, all use the connection of the first. */
  const use = (next: KnownServer, isNews = true) => inTurn('', () => switchTo(next, isNews))

  async function switchTo(next: KnownServer, isNews: boolean): Promise<Connection> {
    if (connection && isSame(connection.known, next)) return connection
    if (isNews && !(named && isSame(named, next))) {
      // A hostile MCP server could let clients be registered at any number of other servers.
      if (!changes.hasRoom()) throw nobody('The MCP server has named too many authorization servers.')
      changes.count()
    }
    named = next
    const opened = await connectTo(next, config, { store: sessionStore, emit })
    opened.session.subscribe(emit)
    if (isNews) await known.write(next)
    connection?.session.close()
    connection = opened
    return opened
  }

  async function open(): Promise<Connection | undefined> {
    const earlier = await known.read()
    if (!earlier) return undefined
    const opened = await use(earlier, false)
    // In a page, the callback comes first: see start().
    if (!currentUrl()) await opened.session.restore()
    return opened
  }

  /** That of this page or process, or of an earlier one. */
  async function current(): Promise<Connection | undefined> {
    opening ??= open().catch((error) => {
      opening = undefined
      throw error
    })
    await opening
    return connection
  }

  const connected = async () => (await current()) ?? use(await askServer(config))

  async function signInAt(at: Connection, { scope: more, ...options }: SignInOptions = {}) {
    const { client, session } = at
    const scope = joinScopes(at.scope, more)
    try {
      if (device && !options.userAgent) return await signInByDevice(session, device, { scope, signal: options.signal })
      return await session.signIn({ prompt: promptFor(scope), ...options, scope })
    } catch (error) {
      // The next sign-in registers again.
      if ((await client.forgetIfRefused(error)) && connection === at) {
        connection = undefined
        opening = Promise.resolve(undefined)
      }
      throw error
    }
  }

  /** Lets the user sign in for an MCP server that has refused a request, unless that has happened meanwhile. */
  async function signInFor({ reason, response, scope: missing, session }: Refused) {
    const previous = connection
    const previousIssuer = previous?.known.issuer
    const next = response ? await askServer(config, response, previousIssuer) : undefined
    const at = next ? await use(next) : await connected()
    // Of before, of another process, or of another request.
    const found = at.session.session ?? (await at.session.restore())
    if (found && found !== session) return
    const { issuer, resource } = at.known
    const scope = joinScopes(
      at.scope,
      next?.scope,
      reason === 'insufficient_scope' ? at.session.session?.scope : '',
      missing,
    )
    const request = {
      reason,
      resource,
      issuer,
      previousIssuer: previousIssuer === issuer ? undefined : previousIssuer,
      scope,
    }
    await prompts.ask(request, (options) => signInAt(at, { ...options, scope }))
    if (!at.session.session) throw nobody('The user has been sent to sign in.')
  }

  /** The relay is first: a callback page in a popup discovers nothing. */
  async function start({ relay }: PageStartOptions = {}): Promise<Started> {
    if (!currentUrl()) return { type: 'loaded', session: undefined }
    return startPage({
      relays: [config.userAgent?.relay, relay],
      handleCallback: async () =>
        ((await current()) ?? (isCallback() ? await connected() : undefined))?.session.handleCallback(),
      // The sign-out visits no page.
      handleSignedOut: async () => undefined,
      restore: async () => (await current())?.session.restore(),
    })
  }

  return {
    fetch: createMcpFetch(config, { current, signInFor }),
    subscribe,
    get session() {
      return connection?.session.session
    },
    async preload() {
      await connected()
    },
    // Without an await if it can: a popup has to be opened in the click.
    signIn: (options) => (connection ? signInAt(connection, options) : connected().then((at) => signInAt(at, options))),
    start: (options) =>
      (starting ??= start(options).finally(() => {
        starting = undefined
      })),
    handleCallback: async (options) => (await connected()).session.handleCallback(options),
    async getAccessToken() {
      const at = await current()
      if (!at) throw nobody()
      return at.session.getAccessToken()
    },
    async signOut() {
      await (await current())?.session.signOut({ atServer: false })
    },
    close: () => connection?.session.close(),
  }

  /** Whether the page may be the callback of a sign-in whose discovery was lost with the memory of the page before. */
  function isCallback(): boolean {
    const url = parseUrl(currentUrl())
    return !!url && /[?&#]state=/.test(url.href)
  }
}

/** OpenID providers ignore `offline_access` without it (OpenID Connect Core §11). */
const promptFor = (scope: string | undefined) => (scopes(scope).includes('offline_access') ? 'consent' : undefined)

const isSame = (one: KnownServer, other: KnownServer) => one.issuer === other.issuer && one.resource === other.resource
