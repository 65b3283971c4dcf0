import type { UserAgent } from '../user-agents/user-agent.js'

/**
 * For agents on a server: passes the authorization URL to `navigate`, which sends it to the user's browser, for example as a
 * redirect. `signIn` then resolves with undefined; the route of the redirect URI calls `handleCallback`, for the same user.
 */
export const handOver = (navigate: (url: string) => unknown): UserAgent => ({
  name: 'hand_over',
  async open({ begin }) {
    const { url } = await begin()
    await navigate(url.href)
  },
})
