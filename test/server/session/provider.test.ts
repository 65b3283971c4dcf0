import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import { sendResponse, toRequest } from '../../../src/node.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  memoryVault,
  type ProofkeyEvent,
  type ServerSessionClient,
} from '../../../src/server.js'
import { type Listening, listen } from '../../helpers/loopback.js'
import { createPerson } from '../../helpers/person.js'
import { COOKIE, SAME_ORIGIN } from '../../helpers/server-session-app.js'
import { useServerSessionStores } from '../../helpers/server-session-stores.js'
import { createVisitor } from '../../helpers/visitor.js'

const secret = 'a secret of thirty-two bytes or more'
const stores = useServerSessionStores()
let app: Listening
let api: Listening
let running: RunningProvider
let events: ProofkeyEvent[]
/** Two processes of one app. */
let processes: ServerSessionClient[]

const origin = () => `http://127.0.0.1:${app.port}`

beforeAll(async () => {
  app = await listen(async (incoming, outgoing) => {
    // The provider calls any of the processes.
    const response = await processes.at(-1)!.handle(toRequest(incoming))
    await sendResponse(outgoing, response ?? new Response(null, { status: 404 }))
  })
  // A resource server that asks the provider about each token (RFC 7662).
  api = await listen(async (incoming, outgoing) => {
    const [, token = ''] = /^Bearer (.+)/.exec(incoming.headers.authorization ?? '') ?? []
    const answer = await fetch(`${running.issuer}/token/introspection`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`web:${encodeURIComponent(secret)}`)}` },
      body: new URLSearchParams({ token }),
    })
    const { active, sub } = await answer.json()
    outgoing.writeHead(active ? 200 : 401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end(sub)
  })
  running = await startProvider({
    ...browserClient('unused', []),
    clients: [
      {
        client_id: 'web',
        client_secret: secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${origin()}/auth/callback`],
        post_logout_redirect_uris: [`${origin()}/auth/signed-out`],
        backchannel_logout_uri: `${origin()}/auth/back-channel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    features: { backchannelLogout: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true } },
    // Its own way of posting refuses every loopback address, which is where this app is.
    fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined } as RequestInit),
  })
})
afterAll(async () => {
  await running.close()
  await Promise.all([app.close(), api.close()])
})

function visit(at = 0, person = createPerson()) {
  const visitor = createVisitor()
  async function go(path: string, init?: RequestInit): Promise<Response> {
    const response = (await processes[at]!.handle(visitor.request(new URL(path, origin()), init)))!
    visitor.receive(response.headers)
    return response
  }
  return {
    visitor,
    async signIn() {
      const started = await go('/auth/sign-in?returnTo=/inbox')
      const callback = await person.travel(started.headers.get('location') ?? '', `${origin()}/auth/callback`)
      return go(callback)
    },
    async session(by = at) {
      const { session, headers } = await processes[by]!.session(visitor.request(origin()))
      visitor.receive(headers)
      return session
    },
    async fetch(fresh = false, by = at) {
      const request = visitor.request(origin())
      if (fresh) visitor.receive((await processes[by]!.getAccessToken(request, { fresh })).headers)
      const { response, headers } = await processes[by]!.fetch(
        visitor.request(origin()),
        `http://127.0.0.1:${api.port}/`,
      )
      visitor.receive(headers)
      return response
    },
    async signOut() {
      const left = await go('/auth/sign-out?returnTo=/goodbye', { method: 'POST', headers: SAME_ORIGIN })
      const back = await person.travel(left.headers.get('location') ?? '', `${origin()}/auth/signed-out`)
      return go(back)
    },
  }
}

describe.each(['memory', 'redis', 'cookie'] as const)('with oidc-provider, the session in %s', (name) => {
  beforeEach(() => {
    const sessionStore = stores[name]()
    events = []
    processes = [0, 1].map(() => {
      const auth = createServerSessionClient({
        issuer: running.issuer,
        clientId: 'web',
        redirectUri: `${origin()}/auth/callback`,
        postLogoutRedirectUri: `${origin()}/auth/signed-out`,
        scope: 'openid profile',
        clientAuth: clientSecretBasic(secret),
        vault: memoryVault({ maxRecords: 100 }),
        sessionStore,
        apis: { [`http://127.0.0.1:${api.port}`]: {} },
        insecure: allowInsecureLoopback,
      })
      auth.subscribe((event) => events.push(event))
      return auth
    })
  })

  it('signs in, calls the API, refreshes, and signs out here and there', async () => {
    const browser = visit()
    expect((await browser.signIn()).headers.get('location')).toBe('/inbox')
    expect(await browser.session()).toMatchObject({ claims: { sub: 'ada' } })
    expect(await (await browser.fetch()).text()).toBe('ada')
    expect(await (await browser.fetch(true)).text()).toBe('ada')
    // Where the other process goes on, the rotated refresh token is known.
    expect(await (await browser.fetch(true, 1)).text()).toBe('ada')
    expect(events.filter(({ type }) => type === 'tokens_refreshed')).toHaveLength(2)
    expect((await browser.signOut()).headers.get('location')).toBe('/goodbye')
    expect(browser.visitor.cookies.size).toBe(0)
    expect(await browser.session()).toBeUndefined()
    expect(events.filter(({ type }) => type === 'token_revoked')).toHaveLength(2)
    expect(events.filter(({ type }) => /failed/.test(type))).toEqual([])
  })

  it('ends by back-channel logout where the store knows the sessions', async () => {
    const person = createPerson()
    // The same person in the same session of the provider, with two sessions of the app.
    const [one, two] = [visit(0, person), visit(0, person)]
    const stranger = visit(0, createPerson('bob'))
    for (const browser of [one, two, stranger]) await browser.signIn()
    expect(await (await two.fetch()).text()).toBe('ada')
    await one.signOut()
    expect(await one.session()).toBeUndefined()
    if (name === 'cookie') {
      expect(
        await processes[0]!.handle(new Request(`${origin()}/auth/back-channel-logout`, { method: 'POST' })),
      ).toBeUndefined()
      return
    }
    expect(events).toContainEqual(expect.objectContaining({ type: 'back_channel_logout', ends: 'session' }))
    for (const by of [0, 1]) expect(await two.session(by)).toBeUndefined()
    // What it held is revoked by the process that notices.
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'token_revoked')).toHaveLength(4))
    expect(await stranger.session()).toMatchObject({ claims: { sub: 'bob' } })
    expect(two.visitor.cookies.has(COOKIE)).toBe(false)
  })
})
