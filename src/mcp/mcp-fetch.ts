import { isProofkeyError, ProofkeyError, redact } from '../errors.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { Fetch } from '../protocol/request.js'
import { type RequestCopies, requestCopies } from '../protocol/request-copies.js'
import { pathBelow } from '../protocol/resource/path-below.js'
import { fetchOf, tokenFetch } from '../session/api-fetch.js'
import { partsOf } from '../session/session-parts.js'
import { type Session, userOf } from '../session/session-record.js'
import { nobody } from '../session/token-source.js'
import type { Connection } from './connection.js'
import type { McpAuthConfig, SignInRequest } from './mcp-config.js'

/** How many sign-ins one request may cause. */
const MAX_SIGN_INS = 2

const MAX_REDIRECTS = 3

/** A request that needs a sign-in, with what said so. */
export interface Refused {
  readonly reason: SignInRequest['reason']
  /** The session that it was sent with. */
  readonly session: Session | undefined
  readonly response?: Response
  readonly scope?: string | undefined
  readonly error?: unknown
}

interface Parts {
  readonly current: () => Promise<Connection | undefined>
  readonly signInFor: (refused: Refused) => Promise<void>
}

/** `fetch` for the transport of one MCP server. Requests for anything else are sent as they are, without a token. */
export function createMcpFetch(config: McpAuthConfig, { current, signInFor }: Parts): Fetch {
  const plain = fetchOf(config)
  const fetchers = new WeakMap<Connection, Fetch>()

  function authorized(connection: Connection): Fetch {
    const made =
      fetchers.get(connection) ??
      tokenFetch(partsOf(connection.session), { pick: () => ({}), plain: (request) => plain(request) })
    fetchers.set(connection, made)
    return made
  }

  /** Redirects are followed only within the resource: `fetch` would send the token to every path of the origin. */
  async function sendWithin(connection: Connection, copies: RequestCopies): Promise<Response> {
    const request = copies.copy()
    const isFollowing = request.redirect === 'follow'
    let next = isFollowing ? new Request(request, { redirect: 'manual' }) : request
    for (let redirects = 0; ; redirects++) {
      const response = await authorized(connection)(next)
      const isRedirect = response.type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(response.status)
      if (!isFollowing || !isRedirect) return response
      await response.body?.cancel()
      const target = parseUrl(response.headers.get('location'), next.url)
      const keepsMethod = /^(GET|HEAD)$/.test(request.method) || response.status > 306
      const isFollowed = target && isWithin(target, connection.known.resource) && keepsMethod && !copies.once
      // The app's own URL: those of the server can contain the token.
      if (!isFollowed || redirects === MAX_REDIRECTS) throw redirected(request.url)
      next = new Request(target, new Request(copies.copy(), { redirect: 'manual' }))
    }
  }

  async function attempt(connection: Connection | undefined, copies: RequestCopies): Promise<Response | Refused> {
    const session = connection?.session.session
    try {
      const response = await (session ? sendWithin(connection!, copies) : plain(copies.copy()))
      return response.status === 401 ? { reason: 'login_required', session, response } : response
    } catch (error) {
      if (!session || !isProofkeyError(error)) throw error
      if (error.code === 'login_required') return { reason: error.code, session, error }
      if (error.code !== 'insufficient_scope') throw error
      return { reason: error.code, session, scope: error.requirements?.scope, error }
    }
  }

  return async (input, init) => {
    const copies = requestCopies(input, init)
    const url = new URL(copies.request.url)
    const connection = await current()
    if (!isWithin(url, connection?.known.resource ?? config.url)) return plain(copies.request)
    let user: string | undefined
    for (let signIns = 0; ; signIns++) {
      const at = await current()
      const now = userOf(at?.session.session?.claims)
      // Do not send the request of one user with the token of another.
      if (user && now && now !== user) throw nobody('Another user has signed in in the meantime.')
      user ??= now
      const outcome = await attempt(at, copies)
      if (outcome instanceof Response) return outcome
      const { response, error } = outcome
      if (signIns === MAX_SIGN_INS || copies.once) {
        if (response) return response
        throw error
      }
      await response?.body?.cancel()
      await signInFor(outcome)
    }
  }
}

const redirected = (url: string) =>
  new ProofkeyError(
    'endpoint_refused',
    `The MCP server redirects a request with a token: ${redact(url)}.`,
    'If you know where it leads, pass that URL as url: the token is sent to no other place.',
  )

/**
 * Only the resource itself gets the token: other paths of its origin can be of another party. So a path must not be read as
 * another one by a proxy or router that decodes it (`/mcp/..%2fevil`).
 */
export function isWithin({ origin, pathname, username, password }: URL, resource: string): boolean {
  const own = new URL(resource)
  // `fetch` takes no URL with a user, and shows it in its error.
  if (username || password || origin !== own.origin) return false
  const path = own.pathname.replace(/\/$/, '')
  return !path || pathname === path || pathBelow(pathname, `${path}/`) !== undefined
}
