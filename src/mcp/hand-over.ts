import type { UserAgent } from '../user-agents/user-agent.js'

/**
 * For agents on a server: passes the authorization URL to `navigate`, which sends it to the user's browser, for example as a
 * redirect. `signIn` then resolves with undefined; the route of the redirect URI calls `handleCallback`, for the same user.
 * @example
 * ```ts
 * import { createMcpAuth, handOver, memoryRegistrations, userSessions } from 'proofkey/mcp'
 * import { type RedisClient, redisSessions } from 'proofkey/server'
 *
 * declare const client: RedisClient
 * declare function sendBrowserTo(url: string): void // of the user's request, which waits
 * const url = 'https://mcp.example.com/mcp'
 * const user = 'id of the user in this app'
 * const keys = [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }]
 * const auth = createMcpAuth({
 *   url,
 *   user,
 *   redirectUri: 'https://app.example.com/callback',
 *   userAgent: handOver(sendBrowserTo),
 *   register: { clientName: 'My agent' },
 *   registrations: memoryRegistrations(),
 *   sessionStore: userSessions(redisSessions({ client, keys }), { user, url }),
 * })
 * ```
 */
export const handOver = (navigate: (url: string) => unknown): UserAgent => ({
  name: 'hand_over',
  async open({ begin }) {
    const { url } = await begin()
    await navigate(url.href)
  },
})
