import { describe, expect, it, vi } from 'vitest'
import {
  clientSecretBasic,
  createServerClient,
  memoryVault,
  type ProofkeyEvent,
  type ServerClientConfig,
  sealedCookie,
} from '../../src/server.js'
import { createLogoutServer } from '../helpers/logout-server.js'
import { refusal } from '../helpers/refusal.js'
import { createVisitor } from '../helpers/visitor.js'

const APP = 'https://app.example'
const postLogoutRedirectUri = `${APP}/signed-out`
const keys = [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }]

function createApp(config: Partial<ServerClientConfig> = {}, metadata: object = {}) {
  const server = createLogoutServer(metadata)
  const events: ProofkeyEvent[] = []
  const client = createServerClient({
    issuer: server.issuer,
    clientId: 'web',
    redirectUri: `${APP}/callback`,
    scope: 'openid',
    clientAuth: clientSecretBasic('s3cret'),
    vault: sealedCookie({ keys }),
    metadata: server.metadata,
    fetch: server.fetch as typeof fetch,
    ...config,
  })
  client.subscribe((event) => events.push(event))
  const visitor = createVisitor()
  return {
    server,
    client,
    events,
    visitor,
    /** Signs out. @returns where the person is sent */
    async leave(options: Parameters<typeof client.signOut>[1] = { postLogoutRedirectUri }, init?: RequestInit) {
      const response = await client.signOut(visitor.request(`${APP}/logout`, init), options)
      expect(response.status).toBe(303)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      visitor.receive(response.headers)
      return new URL(response.headers.get('location') ?? '')
    },
    back: (url: URL | string) => client.handleSignedOut(visitor.request(url)),
    types: () => events.map(({ type }) => type),
  }
}

/** What the server does with the person. */
const answer = (asked: URL) => {
  const url = new URL(asked.searchParams.get('post_logout_redirect_uri') ?? '')
  url.searchParams.set('state', asked.searchParams.get('state') ?? '')
  return url
}

describe.each([
  ['a sealed cookie', () => sealedCookie({ keys })],
  ['memory', () => memoryVault({ maxRecords: 100 })],
])('a sign-out by the server, its state kept in %s', (_, vault) => {
  it('goes there and comes back, once', async () => {
    const app = createApp({ vault: vault() })
    const asked = await app.leave({
      postLogoutRedirectUri,
      idTokenHint: 'h.i.n',
      returnTo: '/goodbye',
      uiLocales: 'de',
    })
    expect(asked.origin + asked.pathname).toBe(`${app.server.issuer}/logout`)
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      client_id: 'web',
      id_token_hint: 'h.i.n',
      post_logout_redirect_uri: postLogoutRedirectUri,
      state: expect.stringMatching(/^\d{13}[\w-]{43}/),
      ui_locales: 'de',
    })
    expect(app.visitor.cookies.size).toBe(1)
    const { returnTo, headers } = await app.back(answer(asked))
    expect(returnTo).toBe('/goodbye')
    expect(headers.get('cache-control')).toBe('no-store')
    app.visitor.receive(headers)
    expect(app.visitor.cookies.size).toBe(0)
    await refusal(app.back(answer(asked)), 'unknown_state')
    expect(app.types()).toEqual(['sign_out_started', 'sign_out_completed', 'sign_out_failed'])
    expect(app.events[0]).toMatchObject({ endpoint: `${app.server.issuer}/logout` })
  })

  it('of two tabs comes back twice', async () => {
    const app = createApp({ vault: vault() })
    const [one, two] = [
      await app.leave({ postLogoutRedirectUri, returnTo: '/1' }),
      await app.leave({ postLogoutRedirectUri, returnTo: '/2' }),
    ]
    expect((await app.back(answer(two))).returnTo).toBe('/2')
    expect((await app.back(answer(one))).returnTo).toBe('/1')
  })

  it('is not another browser’s', async () => {
    const app = createApp({ vault: vault() })
    const asked = await app.leave()
    const victim = createVisitor()
    await refusal(app.client.handleSignedOut(victim.request(answer(asked))), 'unknown_state')
    await expect(app.back(answer(asked))).resolves.toHaveProperty('returnTo', '/')
  })

  it('and a sign-in do not open each other’s record', async () => {
    const app = createApp({ vault: vault() })
    const out = answer(await app.leave())
    const started = await app.client.signIn(app.visitor.request(`${APP}/login`))
    app.visitor.receive(started.headers)
    const state = new URL(started.headers.get('location') ?? '').searchParams.get('state') ?? ''
    await refusal(app.back(`${postLogoutRedirectUri}?state=${state}`), 'unknown_state')
    const callback = `${APP}/callback?code=c&state=${out.searchParams.get('state')}&iss=${app.server.issuer}`
    await refusal(app.client.handleCallback(app.visitor.request(callback)), 'other_client')
    await expect(app.back(out)).resolves.toHaveProperty('returnTo', '/')
  })

  it('waits as long as a sign-in does', async () => {
    const app = createApp({ vault: vault(), lifetimeSeconds: 60 })
    const asked = await app.leave()
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(Date.now() + 61_000)
      await refusal(app.back(answer(asked)), 'unknown_state')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the return from a sign-out', () => {
  it.each([
    ['no state', () => postLogoutRedirectUri],
    ['a made-up state', () => `${postLogoutRedirectUri}?state=x`],
    ['a changed state', (url: URL) => `${url}`.replace(/state=(\d{13})./, 'state=$1~')],
    ['two states', (url: URL) => `${url}&state=x`],
  ])('is refused with %s, and nothing is spent', async (_, change) => {
    const app = createApp()
    const back = answer(await app.leave())
    const error = await refusal(app.back(change(back)), 'unknown_state')
    expect(error.headers?.get('cache-control')).toBe('no-store')
    expect(error.headers?.getSetCookie()).toEqual([])
    await expect(app.back(back)).resolves.toHaveProperty('returnTo', '/')
  })

  it('comes by GET', async () => {
    const app = createApp()
    const back = answer(await app.leave())
    await refusal(app.client.handleSignedOut(app.visitor.request(back, { method: 'HEAD' })), 'unknown_state')
    await expect(app.back(back)).resolves.toHaveProperty('returnTo', '/')
  })
})

describe('the cookie', () => {
  it('has the prefix, the attributes, and no state in it', async () => {
    const app = createApp()
    const response = await app.client.signOut(new Request(`${APP}/logout`), { postLogoutRedirectUri })
    const [cookie = '', ...more] = response.headers.getSetCookie()
    expect(more).toEqual([])
    expect(cookie).toMatch(
      /^__Host-Http-proofkey\.[\w-]+=k1\.[\w-]+; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
    )
    const state = new URL(response.headers.get('location') ?? '').searchParams.get('state') ?? ''
    expect(cookie).not.toContain(state.slice(13))
  })
})

describe('nothing holds a sign-out up', () => {
  it('a server without the endpoint: the person comes straight back', async () => {
    const app = createApp({}, { end_session_endpoint: undefined })
    const url = await app.leave({ postLogoutRedirectUri, returnTo: '/goodbye' })
    expect(url.origin + url.pathname).toBe(postLogoutRedirectUri)
    expect((await app.back(url)).returnTo).toBe('/goodbye')
    expect(app.events[0]).toMatchObject({ type: 'sign_out_started', endpoint: undefined })
  })

  it('a server out of reach', async () => {
    const app = createApp({ metadata: undefined })
    app.server.answer = () => {
      throw new TypeError('fetch failed')
    }
    const url = await app.leave()
    expect(url.origin + url.pathname).toBe(postLogoutRedirectUri)
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'sign_out_failed', code: 'network_error' }))
    expect((await app.back(url)).returnTo).toBe('/')
  })

  it('a vault out of order', async () => {
    const broken = { ...memoryVault({ maxRecords: 100 }), put: () => Promise.reject(new Error('no room')) }
    const app = createApp({ vault: broken })
    expect((await app.leave()).origin).toBe(app.server.issuer)
    expect(app.types()).toEqual(['sign_out_failed', 'sign_out_started'])
  })

  it('but it sends nobody to another origin on its own', async () => {
    const app = createApp({}, { end_session_endpoint: undefined })
    const url = await app.leave({ postLogoutRedirectUri: 'https://elsewhere.example/bye', returnTo: '/goodbye' })
    expect(url.href).toBe(`${APP}/goodbye`)
  })

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example'])('nor by returnTo: %s', async (returnTo) => {
    const app = createApp({}, { end_session_endpoint: undefined })
    expect((await app.leave({ returnTo })).href).toBe(`${APP}/`)
    const back = await app.leave({ postLogoutRedirectUri, returnTo })
    expect((await app.back(back)).returnTo).toBe('/')
    expect(app.types()).toContain('return_to_refused')
  })
})

it('sends no state, and keeps nothing, where nobody comes back', async () => {
  const app = createApp()
  const asked = await app.leave({ idTokenHint: 'h.i.n' })
  expect(Object.fromEntries(asked.searchParams)).toEqual({ client_id: 'web', id_token_hint: 'h.i.n' })
  expect(app.visitor.cookies.size).toBe(0)
})

it.each(['/signed-out', '', 7])('wants postLogoutRedirectUri whole, not %j', async (uri) => {
  const app = createApp()
  const request = app.visitor.request(`${APP}/logout`)
  await refusal(app.client.signOut(request, { postLogoutRedirectUri: uri as string }), 'config_invalid')
})

describe('a sign-out is started by', () => {
  it.each<[string, RequestInit]>([
    [
      'a form of this origin',
      { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', origin: APP } },
    ],
    ['a link of this site', { headers: { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' } }],
    ['a typed address', { headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' } }],
    ['an old browser', {}],
  ])('%s', async (_, init) => {
    const app = createApp()
    expect((await app.leave(undefined, init)).origin).toBe(app.server.issuer)
  })

  it.each<[string, RequestInit]>([
    [
      'link of another site',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } },
    ],
    [
      'image of another site',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
    ],
    ['form of another site', { method: 'POST', headers: { origin: 'https://evil.example' } }],
    ['prefetch', { headers: { 'sec-purpose': 'prefetch' } }],
    ['fetch', { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' } }],
  ])('no %s', async (_, init) => {
    const app = createApp()
    const response = await app.client.signOut(app.visitor.request(`${APP}/logout`, init), { postLogoutRedirectUri })
    expect(response.status).toBe(403)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.has('location')).toBe(false)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(app.events).toEqual([expect.objectContaining({ type: 'sign_out_failed', code: 'start_refused' })])
  })
})

it('no event holds the hint or the state', async () => {
  const app = createApp()
  const asked = await app.leave({ postLogoutRedirectUri, idTokenHint: 'header.payload.signature' })
  app.visitor.receive((await app.back(answer(asked))).headers)
  await refusal(app.back(answer(asked)), 'unknown_state')
  const said = JSON.stringify(app.events)
  expect(said).not.toContain('header.payload.signature')
  expect(said).not.toContain(asked.searchParams.get('state'))
})
