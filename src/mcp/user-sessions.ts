import { sha256 } from '../crypto/digest.js'
import type { RecordLifetime, ServerSessionStore } from '../server/session/server-session-store.js'
import type { SessionStore } from '../vault/session-store.js'

/** Options of {@link userSessions}. */
export interface UserSessionsOptions {
  /** The app's own id of the user, from its own session: never from a parameter of a request. */
  readonly user: string
  /** The URL of the MCP server. */
  readonly url: string
}

/** The limits are those of the client. */
const LIFETIME: RecordLifetime = { idleMs: Number.POSITIVE_INFINITY, absoluteMs: Number.POSITIVE_INFINITY }

/**
 * For agents on a server: keeps the tokens of one user for one MCP server in a record of its own, for example in
 * `redisSessions({ client, keys, prefix: 'mcp:' })`. There, the record is encrypted with the application's key; who has that
 * key, a dump of Redis and the user's id can read it, unlike the record of a session cookie.
 * @example
 * ```ts
 * import { userSessions } from 'proofkey/mcp'
 * import { type RedisClient, redisSessions } from 'proofkey/server'
 *
 * declare const client: RedisClient
 * const keys = [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }]
 * const sessionStore = userSessions(redisSessions({ client, keys }), { user: 'ada', url: 'https://mcp.example.com/mcp' })
 * ```
 */
export function userSessions(store: ServerSessionStore, { user, url }: UserSessionsOptions): SessionStore {
  let opening: ReturnType<ServerSessionStore['open']> | undefined
  async function record() {
    // In the form of a cookie's secret.
    opening ??= sha256(JSON.stringify(['mcp', user, url])).then((secret) => store.open(secret, LIFETIME))
    const found = await opening
    if (!found) throw new TypeError(`${store.name} cannot keep records without a cookie`)
    return found
  }
  return {
    name: store.name,
    shared: true,
    read: async (owner) => (await record()).read(owner),
    replace: async (owner, expectedEpoch, next) => (await record()).replace(owner, expectedEpoch, next),
    exclusive: async (owner, work) => (await record()).exclusive(owner, work),
  }
}
