import { expect } from 'vitest'
import {
  clientSecretBasic,
  createServerSessionClient,
  memoryVault,
  type ProofkeyEvent,
  type ServerSessionClientConfig,
  type ServerSessionStore,
} from '../../src/server.js'
import { API, createServer, type Faults } from './server.js'
import { createGate } from './session-app.js'
import { createVisitor } from './visitor.js'

export const ORIGIN = 'https://app.example'
export const SAME_ORIGIN = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}
/** What a script of the app's own pages sends. */
export const FROM_PAGE = { 'sec-fetch-site': 'same-origin', 'x-proofkey': '1' }
export const COOKIE = '__Host-Http-proofkey-session'

/** An app that keeps its sessions on the server, and the authorization server. */
export function createServerSessionApp(
  sessionStore: () => ServerSessionStore,
  config: Partial<ServerSessionClientConfig> = {},
  faults: Faults = {},
) {
  const server = createServer(faults, { clients: { web: { secret: 's3cret' } } })
  let gate: ReturnType<typeof createGate> | undefined
  let held = 0
  /** Token responses wait while they are held. */
  const fetch = async (...given: Parameters<typeof globalThis.fetch>) => {
    const response = await server.fetch(...given)
    if (gate && server.requests.at(-1)?.url === server.metadata.token_endpoint) {
      held++
      await gate.released
    }
    return response
  }
  const events: ProofkeyEvent[] = []
  const store = sessionStore()
  /** One process of the app. */
  const open = (more: Partial<ServerSessionClientConfig> = {}) => {
    const auth = createServerSessionClient({
      issuer: server.issuer,
      clientId: 'web',
      redirectUri: `${ORIGIN}/auth/callback`,
      postLogoutRedirectUri: `${ORIGIN}/auth/signed-out`,
      scope: 'openid',
      clientAuth: clientSecretBasic('s3cret'),
      vault: memoryVault({ maxRecords: 1000 }),
      sessionStore: store,
      apis: { [API]: {} },
      fetch,
      ...config,
      ...more,
    })
    auth.subscribe((event) => events.push(event))
    return auth
  }
  const auth = open()

  /** A browser, and what it does at one process of the app. */
  function browser(at = auth, visitor = createVisitor()) {
    const request = (path: string, init?: RequestInit) => visitor.request(new URL(path, ORIGIN), init)
    async function visit(path: string, init?: RequestInit): Promise<Response> {
      const response = await at.handle(request(path, init))
      if (!response) throw new Error(`nobody serves ${path}`)
      visitor.receive(response.headers)
      return response
    }
    return {
      visitor,
      request,
      visit,
      /** The same browser at another process. */
      at: (other: typeof auth) => browser(other, visitor),
      /** @returns the callback that the server sends the browser to */
      async leave(query = ''): Promise<URL> {
        const response = await visit(`/auth/sign-in${query}`)
        expect(response.status, await response.clone().text()).toBe(303)
        return server.visit(response.headers.get('location') ?? '')
      },
      async signIn(query = ''): Promise<Response> {
        const response = await visit((await this.leave(query)).href)
        expect(response.status, await response.clone().text()).toBe(303)
        return response
      },
      async session() {
        const { session, headers } = await at.session(request('/'))
        visitor.receive(headers)
        return session
      },
      async fetch(url = `${API}/orders`, init?: RequestInit): Promise<Response> {
        const { response, headers } = await at.fetch(request('/'), url, init)
        visitor.receive(headers)
        return response
      },
      /** A page of the app calls the API through the app. */
      async forward(path = '/api/orders', headers: Record<string, string> = FROM_PAGE): Promise<Response> {
        const response = await at.forward(request(path, { headers }), { to: API, path: '/api/*' })
        visitor.receive(response.headers)
        return response
      },
      signOut: () => visit('/auth/sign-out', { method: 'POST', headers: SAME_ORIGIN }),
      /** A copy of the cookies, as a thief has it. */
      copy() {
        const thief = createVisitor()
        for (const [name, value] of visitor.cookies) thief.cookies.set(name, value)
        return browser(at, thief)
      },
    }
  }

  const sent = (grantType: string) =>
    server.requests.map(({ body }) => body).filter((body) => body.get('grant_type') === grantType)
  return {
    server,
    store,
    events,
    auth,
    open,
    browser,
    types: () => events.map(({ type }) => type),
    /** From now on token responses wait until they are released. */
    holdTokens() {
      gate = createGate()
      return gate
    },
    held: () => held,
    refreshes: () => sent('refresh_token').length,
    revoked: () =>
      server.requests
        .filter(({ url }) => url === server.metadata.revocation_endpoint)
        .map(({ body }) => body.get('token')),
  }
}
