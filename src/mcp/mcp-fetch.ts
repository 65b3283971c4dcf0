import { isProofkeyError } from '../errors.js'
import type { Fetch } from '../protocol/request.js'
import { type RequestCopies, requestCopies } from '../protocol/request-copies.js'
import { fetchOf, tokenFetch } from '../session/api-fetch.js'
import { partsOf } from '../session/session-parts.js'
import type { Session } from '../session/session-record.js'
import type { Connection } from './connection.js'
import type { McpAuthConfig, SignInRequest } from './mcp-config.js'

/** How many sign-ins one request may cause. */
const MAX_SIGN_INS = 2

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

  async function attempt(connection: Connection | undefined, copies: RequestCopies): Promise<Response | Refused> {
    const session = connection?.session.session
    try {
      const send = session ? authorized(connection!) : plain
      const response = await send(copies.copy())
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
    for (let signIns = 0; ; signIns++) {
      const outcome = await attempt(await current(), copies)
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

/** Only the resource itself gets the token: other paths of its origin can be of another party. */
export function isWithin({ origin, pathname }: URL, resource: string): boolean {
  const own = new URL(resource)
  const path = own.pathname.replace(/\/$/, '')
  return origin === own.origin && (pathname === path || pathname.startsWith(`${path}/`))
}
