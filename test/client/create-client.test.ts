// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTicket } from '../../src/crypto/ticket.js'
import {
  type Client,
  type ClientConfig,
  createClient,
  frame,
  memoryVault,
  type ProofkeyEvent,
  redirect,
  richAuthorization,
  type SignInOptions,
  type Vault,
} from '../../src/index.js'
import { clientKeyOf } from '../../src/protocol/client-key.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { uncaughtDuring } from '../helpers/uncaught.js'
import { until } from '../helpers/until.js'

const origin = 'https://app.example'
const redirectUri = `${origin}/callback`

/** A state of this client's form that it did not send. */
const nobodys = createTicket(clientKeyOf('https://as.example', 'spa'), Date.now() + 60_000)

const untilTurn = () => new Promise((resolve) => setTimeout(resolve))

/** One app in one browser: a client, its server, and the page. */
function createApp(faults: Faults = {}, config: Partial<ClientConfig> = {}) {
  const server = createServer(faults, config.issuer === undefined ? {} : { issuer: config.issuer })
  const events: ProofkeyEvent[] = []
  let left: string | undefined
  const navigate = (url: string) => {
    left = url
  }
  const open = (more: Partial<ClientConfig> = {}): Client => {
    const client = createClient({
      issuer: server.issuer,
      clientId: 'spa',
      redirectUri,
      scope: 'openid',
      fetch: server.fetch,
      userAgent: redirect({ navigate }),
      ...config,
      ...more,
    })
    client.subscribe((event) => events.push(event))
    return client
  }
  return {
    server,
    events,
    /** A client as a newly loaded page makes it. */
    open,
    /** Signs in as far as the server's answer. @returns the callback URL */
    async leave(options?: SignInOptions, client = open()): Promise<string> {
      left = undefined
      client.signIn(options).catch((error) => {
        left = error
      })
      await until(() => left)
      if (typeof left !== 'string') throw left
      return (await server.visit(left)).href
    },
    tokenRequests: () => server.requests.filter(({ url }) => url === server.metadata.token_endpoint).length,
  }
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  goTo(`${origin}/`)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('a sign-in', () => {
  it('comes back with tokens, claims, returnTo and appState', async () => {
    const app = createApp()
    goTo(await app.leave({ returnTo: '/inbox?a=1#b', appState: { cart: [1] } }))
    const result = await app.open().handleCallback()
    expect(result).toMatchObject({ claims: { sub: 'ada' }, returnTo: '/inbox?a=1#b', appState: { cart: [1] } })
    expect(result?.tokens.accessToken).toMatch(/^access-/)
  })

  const cyclic: Record<string, unknown> = { a: 'hunter2' }
  cyclic['a cycle'] = { cyclic }
  it.each<[string, string, object]>([
    ['a BigInt', 'appState', { appState: { secret: 'hunter2', id: 1n } }],
    ['a cycle', 'appState', { appState: cyclic }],
    ['what its own toJSON refuses', 'appState', { appState: { toJSON: () => JSON.parse('hunter2') } }],
    ['a BigInt', 'claims', { claims: { id_token: { id: { value: 1n } } } }],
    ['a cycle', 'authorizationDetails', { authorizationDetails: [{ type: 'x', cyclic }] }],
  ])('is refused before the page is left with %s in %s', async (_, name, options) => {
    const app = createApp({}, { rar: richAuthorization() })
    const error = await refusal(app.leave(options as SignInOptions), 'config_invalid')
    expect(error.message).toBe(`Invalid configuration: ${name}: must be a JSON value.`)
    expect(`${error.stack}${JSON.stringify(error)}${error.cause}`).not.toContain('hunter2')
  })

  it('asks for metadata once, and for nothing else but the tokens', async () => {
    const app = createApp()
    const client = app.open()
    await client.preload()
    expect(app.server.requests).toHaveLength(1)
    goTo(await app.leave({}, client))
    await app.leave({}, client)
    expect(app.server.requests).toHaveLength(1)
    await app.open().handleCallback()
    expect(app.server.requests.map(({ url }) => url.slice(app.server.issuer.length))).toEqual([
      '/.well-known/openid-configuration',
      '/token',
    ])
  })

  it('needs no request at all with metadata given by hand', async () => {
    const app = createApp()
    await app.leave({}, app.open({ metadata: app.server.metadata }))
    expect(app.server.requests).toEqual([])
  })

  it('reads an answer from the fragment too', async () => {
    const app = createApp({}, { responseMode: 'fragment' })
    const callback = await app.leave()
    expect(callback).toContain('#code=')
    goTo(callback)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
    expect(location.href).toBe(redirectUri)
  })

  it('reports each step, without secrets', async () => {
    const app = createApp(
      { token: { scope: 'openid extra' }, metadata: { code_challenge_methods_supported: undefined } },
      { scope: 'openid more' },
    )
    goTo(await app.leave({ returnTo: 'https://evil.example' }))
    await app.open().handleCallback()
    expect(app.events.map(({ type }) => type)).toEqual([
      'metadata_requested',
      'metadata_loaded',
      'pkce_not_advertised',
      'return_to_refused',
      'transaction_stored',
      'sign_in_started',
      'callback_received',
      'transaction_taken',
      'scope_changed',
      'sign_in_completed',
    ])
    expect(app.events.find(({ type }) => type === 'scope_changed')).toMatchObject({
      missing: ['more'],
      added: ['extra'],
    })
    for (const event of app.events)
      expect(event).toMatchObject({ issuer: app.server.issuer, clientId: 'spa', atMs: expect.any(Number) })
    expect(new Set(app.events.slice(3).map(({ transaction }) => transaction)).size).toBe(1)
  })

  it('that fails is reported under its transaction', async () => {
    const app = createApp({ token: { access_token: undefined } })
    goTo(await app.leave())
    await refusal(app.open().handleCallback(), 'token_response_invalid')
    const failed = app.events.at(-1)
    expect(failed).toMatchObject({ type: 'sign_in_failed', code: 'token_response_invalid' })
    expect(failed?.transaction).toBe(app.events.find(({ type }) => type === 'transaction_taken')?.transaction)
  })

  it('takes undefined for not said', async () => {
    const app = createApp()
    const callback = await app.leave({ scope: undefined, prompt: undefined })
    goTo(callback)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('goes to / where returnTo is another origin', async () => {
    const app = createApp()
    goTo(await app.leave({ returnTo: '//evil.example' }))
    await expect(app.open().handleCallback()).resolves.toHaveProperty('returnTo', '/')
  })

  it('prefers its own options to the client’s', async () => {
    const app = createApp({}, { prompt: 'consent', scope: 'openid a' })
    let sent = ''
    app.open().signIn({ prompt: 'login', scope: 'openid b', userAgent: redirect({ navigate: (url) => (sent = url) }) })
    await until(() => sent)
    expect(Object.fromEntries(new URL(sent).searchParams)).toMatchObject({ prompt: 'login', scope: 'openid b' })
  })

  it('on a user agent that keeps the page ends in signIn itself', async () => {
    const app = createApp({}, { vault: memoryVault() })
    const userAgent = travelBy((url) => app.server.visit(url))
    await expect(app.open().signIn({ userAgent, returnTo: '/x' })).resolves.toMatchObject({
      claims: { sub: 'ada' },
      returnTo: '/x',
    })
  })
})

describe('another OAuth flow of the origin', () => {
  it.each(['/stripe/return?code=ac_123&state=my-own', '/login#access_token=x&state=s', '/?token=invite'])(
    'is left alone: %s',
    async (path) => {
      const app = createApp()
      goTo(origin + path)
      await expect(app.open().handleCallback()).resolves.toBeUndefined()
      expect(location.href).toBe(origin + path)
      expect(app.events).toEqual([])
    },
  )

  it('is left alone at a front page that is the redirect URI too', async () => {
    const app = createApp({}, { redirectUri: `${origin}/` })
    goTo(`${origin}/?token=invite`)
    await expect(app.open().handleCallback()).resolves.toBeUndefined()
    expect(location.href).toBe(`${origin}/?token=invite`)
  })
})

describe('a page that moves on', () => {
  it('gets the tokens once, not on every later route', async () => {
    const app = createApp()
    goTo(await app.leave())
    const client = app.open()
    await client.handleCallback()
    history.pushState(null, '', '/inbox')
    await expect(client.handleCallback()).resolves.toBeUndefined()
  })

  it('meets a refusal once', async () => {
    const app = createApp()
    goTo(`${redirectUri}?error=access_denied`)
    const client = app.open()
    await refusal(client.handleCallback(), 'unknown_state')
    history.pushState(null, '', '/about')
    await expect(client.handleCallback()).resolves.toBeUndefined()
  })

  it('keeps its result where a sign-in starts in between', async () => {
    const app = createApp()
    goTo(await app.leave())
    const client = app.open()
    const first = client.handleCallback()
    await refusal(client.signIn({ signal: AbortSignal.abort() }), 'aborted')
    expect(await client.handleCallback()).toBe(await first)
  })
})

describe('the address bar', () => {
  it('is clean before the first await, and stays clean', async () => {
    const app = createApp()
    const callback = new URL(await app.leave())
    callback.searchParams.set('lang', 'de')
    goTo(callback)
    history.replaceState({ router: 1 }, '')
    const length = history.length
    const handling = app.open().handleCallback()
    expect(location.href).toBe(`${redirectUri}?lang=de`)
    expect(history.length).toBe(length)
    await handling
    expect(location.href).toBe(`${redirectUri}?lang=de`)
  })

  it('keeps the app’s own parameters as they were written', async () => {
    const app = createApp()
    const callback = new URL(await app.leave())
    goTo(`${redirectUri}?path=/a/b&q=a%20b&flag&${callback.search.slice(1)}#/tab?x=1`)
    await app.open().handleCallback()
    expect(location.href).toBe(`${redirectUri}?path=/a/b&q=a%20b&flag#/tab?x=1`)
  })

  it('that cannot be cleaned does not cost the sign-in', async () => {
    const app = createApp()
    goTo(await app.leave())
    vi.spyOn(history, 'replaceState').mockImplementation(() => {
      throw new DOMException('too many calls', 'SecurityError')
    })
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
    vi.restoreAllMocks()
  })

  it('is clean after a refusal', async () => {
    const app = createApp()
    goTo(`${redirectUri}?code=x&state=${nobodys}`)
    await refusal(app.open().handleCallback(), 'unknown_state')
    expect(location.href).toBe(redirectUri)
  })

  it('is left alone by a URL that is handed in', async () => {
    const app = createApp()
    const callback = await app.leave()
    goTo(`${origin}/elsewhere?code=promo`)
    await expect(app.open().handleCallback({ url: callback })).resolves.toHaveProperty('claims.sub', 'ada')
    expect(location.href).toBe(`${origin}/elsewhere?code=promo`)
  })
})

describe('handleCallback', () => {
  it.each(['/', '/callback', '/callback?state=x', '/elsewhere?code=promo', '/?error=mine', '/#/route?code=x'])(
    'does nothing on %s',
    async (path) => {
      const app = createApp()
      goTo(origin + path)
      await expect(app.open().handleCallback()).resolves.toBeUndefined()
      expect(location.href).toBe(origin + path)
      expect(app.events).toEqual([])
    },
  )

  it('does nothing with an app’s own ?code= where the redirect URI is the front page', async () => {
    const app = createApp({}, { redirectUri: `${origin}/` })
    goTo(`${origin}/shop?code=promo`)
    await expect(app.open().handleCallback()).resolves.toBeUndefined()
    goTo(await app.leave())
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('called twice gives the same result twice (StrictMode)', async () => {
    const app = createApp()
    goTo(await app.leave())
    const client = app.open()
    const [first, second] = await Promise.all([client.handleCallback(), client.handleCallback()])
    expect(first?.claims?.sub).toBe('ada')
    expect(second).toBe(first)
    expect(await client.handleCallback()).toBe(first)
    expect(app.tokenRequests()).toBe(1)
  })

  it('gives no result again in a page that was left: somebody may have signed out meanwhile', async () => {
    const app = createApp()
    goTo(await app.leave())
    const client = app.open()
    await expect(client.handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
    dispatchEvent(new Event('pagehide'))
    await expect(client.handleCallback()).resolves.toBeUndefined()
  })

  it('called twice gives the same refusal twice', async () => {
    const app = createApp()
    goTo(`${redirectUri}?error=access_denied`)
    const client = app.open()
    const results = await Promise.allSettled([client.handleCallback(), client.handleCallback()])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
  })

  it('of a callback used before says so, in a new page too', async () => {
    const app = createApp()
    const callback = await app.leave()
    goTo(callback)
    await app.open().handleCallback()
    goTo(callback)
    await refusal(app.open().handleCallback(), 'already_completed')
    expect(app.tokenRequests()).toBe(1)
  })

  it('of eight tabs at once lets exactly one through', async () => {
    const app = createApp()
    const callback = await app.leave()
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => app.open().handleCallback({ url: callback })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('already_completed')
    expect(app.tokenRequests()).toBe(1)
  })

  it('of a callback that took too long says so', async () => {
    const app = createApp()
    const callback = await app.leave()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 600_001)
    goTo(callback)
    await refusal(app.open().handleCallback(), 'expired')
    expect(app.tokenRequests()).toBe(0)
  })

  it('of a callback that nobody here asked for refuses (login CSRF)', async () => {
    const attacker = createApp()
    const callback = await attacker.leave()
    globalThis.indexedDB = new IDBFactory()
    const victim = createApp()
    goTo(callback)
    await refusal(victim.open().handleCallback(), 'unknown_state')
    expect(victim.tokenRequests() + attacker.tokenRequests()).toBe(0)
  })

  it.each([
    '/?code=SUMMER10',
    '/?code=SUMMER10&state=NY',
    '/?error=not-found',
    '/?error=access_denied&state=of-another-flow',
    '/#/basket?item=3&code=SUMMER10',
    '/#!/basket?item=3&code=SUMMER10&state=NY',
    '/#access_token=x',
    `/?state=${nobodys}`,
    `/#/signed-out?state=${nobodys}`,
  ])('leaves a parameter of the app alone where the front page is the redirect URI: %s', async (path) => {
    const app = createApp({}, { redirectUri: `${origin}/` })
    goTo(origin + path)
    await expect(app.open().handleCallback()).resolves.toBeUndefined()
    expect(location.href).toBe(origin + path)
    expect(app.events).toEqual([])
    goTo(await app.leave())
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('keeps a route of the app that has the same parameters', async () => {
    const app = createApp({}, { redirectUri: `${origin}/` })
    goTo(`${await app.leave()}#/basket?item=3&code=SUMMER10`)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
    expect(location.href).toBe(`${origin}/#/basket?item=3&code=SUMMER10`)
  })

  it('reports an error without state with what the server said, and ends no sign-in', async () => {
    const app = createApp()
    const callback = await app.leave()
    goTo(`${redirectUri}?error=invalid_scope&error_description=Unknown+scope+a&lang=de`)
    const error = await refusal(app.open().handleCallback(), 'unknown_state')
    expect(error.serverError).toEqual({ error: 'invalid_scope', description: 'Unknown scope a' })
    expect(location.href).toBe(`${redirectUri}?lang=de`)
    expect(app.events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'unknown_state', transaction: undefined })
    goTo(callback)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it.each<[string, (query: string) => string]>([
    ['a hash route', (query) => `/#/callback?${query}`],
    ['a route made of the fragment', (query) => `/#/${query}`],
    ['a later parameter of a route', (query) => `/#/callback?lang=de&${query}`],
    ['a path', (query) => `/callback/${query.replace(/[=&]/g, '/')}`],
    ['a path with an encoded question mark', (query) => `/callback%3F${query}`],
    ['a query that was encoded twice', (query) => `/callback?${encodeURIComponent(query)}`],
    ['an answer without code and error', (query) => `/callback?${query.replace(/code=[^&]*/, 'error_reason=denied')}`],
    ['a parameter of a login page', (query) => `/login?next=${encodeURIComponent(`/callback?${query}`)}`],
  ])('refuses its own state aloud in %s, and leaves the URL and the sign-in alone', async (_, rewrite) => {
    const app = createApp()
    const callback = await app.leave()
    const url = origin + rewrite(new URL(callback).search.slice(1))
    goTo(url)
    const error = await refusal(app.open().handleCallback(), 'callback_malformed')
    expect(error.hint).toContain('before the router')
    expect(location.href).toBe(url)
    expect(app.events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'callback_malformed' })
    await expect(createApp({}, { clientId: 'second' }).open().handleCallback()).resolves.toBeUndefined()
    goTo(callback)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('of a tampered state leaves the true one usable', async () => {
    const app = createApp()
    const callback = await app.leave()
    const tampered = new URL(callback)
    const state = tampered.searchParams.get('state') ?? ''
    tampered.searchParams.set(
      'state',
      state.replace(/^(.{20})./, (_, start) => `${start}${state[20] === 'A' ? 'B' : 'A'}`),
    )
    goTo(tampered)
    await refusal(app.open().handleCallback(), 'unknown_state')
    goTo(callback)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('reports access_denied with what the server said', async () => {
    const app = createApp()
    const callback = new URL(await app.leave())
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('error_description', 'not today')
    goTo(callback)
    const error = await refusal(app.open().handleCallback(), 'access_denied')
    expect(error.serverError).toEqual({ error: 'access_denied', description: 'not today' })
    expect(app.events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'access_denied' })
  })

  it('reads a URL of this page without its origin', async () => {
    const app = createApp()
    const { pathname, search } = new URL(await app.leave())
    await expect(app.open().handleCallback({ url: pathname + search })).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('of another origin names the difference, not the empty storage', async () => {
    const app = createApp()
    const callback = await app.leave()
    globalThis.indexedDB = new IDBFactory()
    goTo(callback.replace('https://app.example', 'https://www.app.example'))
    const error = await refusal(app.open().handleCallback(), 'redirect_uri_mismatch')
    expect(error.message).toContain('hostname')
  })

  it('that nobody awaits fails loudly', async () => {
    const app = createApp()
    goTo(`${redirectUri}?error=access_denied`)
    await expect(uncaughtDuring(() => void app.open().handleCallback())).resolves.toMatchObject([
      { code: 'unknown_state' },
    ])
  })

  it('of another path than the sealed one names the difference', async () => {
    const app = createApp()
    goTo((await app.leave()).replace('/callback', '/app/callback'))
    const error = await refusal(app.open().handleCallback(), 'redirect_uri_mismatch')
    expect(error.message).toContain('pathname')
    expect(app.tokenRequests()).toBe(0)
  })

  it('burns the transaction on a mix-up', async () => {
    const app = createApp()
    const callback = await app.leave()
    const mixed = new URL(callback)
    mixed.searchParams.set('iss', 'https://evil.example')
    goTo(mixed)
    await refusal(app.open().handleCallback(), 'callback_issuer_mismatch')
    goTo(callback)
    await refusal(app.open().handleCallback(), 'already_completed')
    expect(app.tokenRequests()).toBe(0)
  })
})

describe('a network failure is not an answer', () => {
  it('transaction and URL go back, and a retry or a reload works', async () => {
    const app = createApp()
    const callback = await app.leave()
    goTo(callback)
    const offline = vi.fn(async () => {
      throw new TypeError('Failed to fetch')
    })
    const client = app.open({ fetch: offline })
    const error = await refusal(client.handleCallback(), 'network_error')
    expect(error.retryable).toBe(true)
    expect(location.href).toBe(callback)
    expect(app.events.map(({ type }) => type)).toContain('transaction_restored')
    await refusal(client.handleCallback(), 'network_error')
    expect(offline).toHaveBeenCalledTimes(2)
    await expect(app.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
    expect(location.href).toBe(redirectUri)
  })

  it.each([
    ['is refused', async () => false],
    ['gives no answer', () => Promise.reject(new Error('no answer'))],
  ])('but where putting the transaction back %s, a retry is not promised', async (_, putBack) => {
    const inner = memoryVault()
    const vault: Vault = {
      ...inner,
      async take(ticket, owner) {
        const taken = await inner.take(ticket, owner)
        return taken.status === 'taken' ? { ...taken, putBack } : taken
      },
    }
    const app = createApp({}, { vault })
    goTo(await app.leave())
    const offline = async () => {
      throw new TypeError('Failed to fetch')
    }
    const error = await refusal(app.open({ fetch: offline }).handleCallback(), 'network_error')
    expect(error.retryable).toBe(false)
    expect(location.href).toBe(redirectUri)
  })

  it('nor is a storage that fails for a moment', async () => {
    const app = createApp()
    const callback = await app.leave()
    goTo(callback)
    const client = app.open()
    const { indexedDB } = globalThis
    vi.stubGlobal('indexedDB', {
      open() {
        throw new DOMException('Internal error opening backing store', 'UnknownError')
      },
    })
    const error = await refusal(client.handleCallback(), 'storage_unavailable')
    expect(error.retryable).toBe(true)
    expect(location.href).toBe(callback)
    vi.stubGlobal('indexedDB', indexedDB)
    await expect(client.handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('and an abort leaves the sign-in open', async () => {
    const app = createApp()
    goTo(await app.leave())
    const client = app.open()
    const error = await refusal(client.handleCallback({ signal: AbortSignal.abort() }), 'aborted')
    expect(error.retryable).toBe(true)
    await expect(client.handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('but any HTTP response is', async () => {
    const app = createApp({ respond: () => new Response('busy', { status: 503 }) })
    const callback = await app.leave()
    goTo(callback)
    const error = await refusal(app.open().handleCallback(), 'token_response_invalid')
    expect(error.message).toContain('503')
    expect(location.href).toBe(redirectUri)
    goTo(callback)
    await refusal(app.open().handleCallback(), 'already_completed')
  })

  it('and a URL that the app has moved on from is not put back', async () => {
    const app = createApp()
    goTo(await app.leave())
    const slow = async () => {
      history.pushState(null, '', '/elsewhere')
      throw new TypeError('Failed to fetch')
    }
    await refusal(app.open({ fetch: slow }).handleCallback(), 'network_error')
    expect(location.href).toBe(`${origin}/elsewhere`)
  })
})

describe('several clients in one origin', () => {
  it('do not disturb each other, called at the same time on one callback', async () => {
    const one = createApp()
    const two = createApp({}, { issuer: 'https://other.example' })
    const three = createApp({}, { clientId: 'second' })
    const callbacks = [await one.leave(), await two.leave(), await three.leave()]
    goTo(callbacks[1]!)
    const [first, second, third] = await Promise.allSettled([one, two, three].map((app) => app.open().handleCallback()))
    expect(first).toMatchObject({ reason: { code: 'other_client' } })
    expect(second).toMatchObject({ value: { claims: { iss: 'https://other.example' } } })
    expect(third?.status).toBe('fulfilled')
    goTo(callbacks[0]!)
    await expect(one.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
    goTo(callbacks[2]!)
    await expect(three.open().handleCallback()).resolves.toHaveProperty('claims.aud', 'second')
  })

  it('leave a callback that is not theirs in the address bar', async () => {
    const callback = await createApp().leave()
    goTo(callback)
    await refusal(createApp({}, { clientId: 'second' }).open().handleCallback(), 'other_client')
    expect(location.href).toBe(callback)
  })

  it('cannot take a callback whose tag was forged', async () => {
    const one = createApp()
    const callback = await one.leave()
    const two = createApp({}, { clientId: 'second' })
    const tag = new URL(await two.leave()).searchParams.get('state')?.slice(56)
    const forged = new URL(callback)
    forged.searchParams.set('state', forged.searchParams.get('state')?.slice(0, 56) + tag!)
    goTo(forged)
    await refusal(two.open().handleCallback(), 'unknown_state')
    goTo(callback)
    await expect(one.open().handleCallback()).resolves.toHaveProperty('claims.sub', 'ada')
  })
})

describe('what cannot be finished does not start', () => {
  it('without IndexedDB', async () => {
    const app = createApp()
    vi.stubGlobal('indexedDB', undefined)
    await refusal(app.leave(), 'storage_unavailable')
  })

  it('without WebCrypto', async () => {
    const app = createApp()
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    await refusal(app.leave(), 'insecure_context')
  })

  it('on another origin than the redirect URI’s', async () => {
    const app = createApp()
    goTo('https://127.0.0.1/')
    const error = await refusal(app.leave(), 'redirect_uri_mismatch')
    expect(error.message).toContain('https://127.0.0.1')
  })

  it('after an abort', async () => {
    const app = createApp()
    await refusal(app.leave({ signal: AbortSignal.abort() }), 'aborted')
    const abort = new AbortController()
    const hanging = app.open({ fetch: () => new Promise(() => {}) })
    const signingIn = refusal(hanging.signIn({ signal: abort.signal }), 'aborted')
    await untilTurn()
    abort.abort()
    await signingIn
  })

  it('on a server that offers only plain', async () => {
    const app = createApp({ metadata: { code_challenge_methods_supported: ['plain'] } })
    await refusal(app.leave(), 'pkce_unsupported')
  })
})

describe('createClient', () => {
  const valid = { issuer: 'https://as.example', clientId: 'spa', redirectUri }

  it('finds every mistake at once, and shows no value', async () => {
    const wrong = {
      issuer: 'http://as.example',
      clientId: 7,
      redirectUri: '/callback',
      clientSecret: 'hunter2',
      timeoutSeconds: -1,
      lifetimeSeconds: '600',
      resource: 'x y',
      additionalParameters: { state: 'mine' },
    } as unknown as ClientConfig
    const error = await refusal(() => createClient(wrong), 'config_invalid')
    for (const field of [
      'issuer (string)',
      'clientId (number)',
      'redirectUri (string)',
      'clientSecret (string)',
      'timeoutSeconds (number)',
      'lifetimeSeconds (string)',
      'resource',
      'additionalParameters.state',
    ]) {
      expect(error.message).toContain(field)
    }
    expect(error.message).not.toContain('hunter2')
  })

  it.each([
    { issuer: 'https://as.example?x=1' },
    { issuer: 'https://as.example#x' },
    { issuer: 'http://localhost' },
    { clientId: '' },
    { redirectUri: 'https://app.example/#x' },
    { redirectUri: 'https://app.example/#' },
    { redirectUri: 'http://app.example/' },
    { redirectUri: 'myapp:/callback' },
    { redirectUri: 'javascript:alert(1)' },
    { timeoutSeconds: Number.NaN },
    { metadataLifetimeSeconds: Number.POSITIVE_INFINITY },
    { lifetimeSeconds: null },
    { maxAgeSeconds: -1 },
    { maxAgeSeconds: '60' },
    { scope: ['openid'] },
    { requiredScope: ['openid'] },
    { acrValues: 7 },
    { prompt: null },
    { claims: 'x' },
    { additionalParameters: 'abc' },
    { fetch: 5 },
    { userAgent: 'popup' },
    { userAgent: frame() },
    { metadata: 'x' },
    { redirectUri: 'https://app.example/?state=1' },
  ])('refuses %j', async (wrong) => {
    createClient(valid)
    await refusal(() => createClient({ ...valid, ...wrong } as ClientConfig), 'config_invalid')
  })

  it.each([
    'https://app.example',
    'http://localhost:5173/',
    'http://127.0.0.1/cb',
    'http://[::1]:1/',
    'com.example.app:/callback',
  ])('accepts the redirect URI %s', (accepted) => void createClient({ ...valid, redirectUri: accepted }))

  it.each([undefined, null, 'x'])('refuses %j as a whole', async (wrong) => {
    await refusal(() => createClient(wrong as never), 'config_invalid')
  })

  it('checks metadata given by hand at once', async () => {
    const metadata = { ...createServer().metadata, issuer: 'https://as.example/' }
    await refusal(() => createClient({ ...valid, metadata }), 'issuer_mismatch')
  })
})
