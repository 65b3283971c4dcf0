import { createSessionClient, type ProofkeyEvent, type SessionClientConfig, type UserAgent } from '../../src/index.js'
import { API, createServer, type Faults } from './server.js'

/** A server and the tabs of an app that keeps its session. */
export function createSessionApp(faults: Faults = {}, config: Partial<SessionClientConfig> = {}) {
  const server = createServer(faults)
  const userAgent: UserAgent = {
    name: 'person',
    keepsPage: true,
    open: async ({ begin, complete }) => complete(server.authorize(await begin()).href),
  }
  return {
    server,
    /** A client as one tab has it, and what it reports. */
    tab(more: Partial<SessionClientConfig> = {}) {
      const auth = createSessionClient({
        issuer: server.issuer,
        clientId: 'spa',
        redirectUri: 'https://app.example/callback',
        scope: 'openid',
        fetch: server.fetch,
        userAgent,
        apis: { [API]: {} },
        ...config,
        ...more,
      })
      const events: ProofkeyEvent[] = []
      auth.subscribe((event) => events.push(event))
      return { auth, events, types: () => events.map(({ type }) => type) }
    },
    refreshes: () => server.requests.filter(({ body }) => body.get('grant_type') === 'refresh_token').length,
  }
}
