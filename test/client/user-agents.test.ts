// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type ClientConfig,
  createClient,
  frame,
  type ProofkeyEvent,
  popup,
  redirect,
  relayCallback,
  type SignInOptions,
} from '../../src/index.js'
import { deepLink } from '../../src/native.js'
import { browserChannel } from '../helpers/channel.js'
import { watchLeftBehind } from '../helpers/left-behind.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { storedSignIns } from '../helpers/sign-ins.js'
import { until } from '../helpers/until.js'
import { hear, stubFrames, stubOpen } from '../helpers/windows.js'
import { createWrapper } from '../helpers/wrapper.js'

const origin = 'https://app.example'
const redirectUri = `${origin}/callback`
const scheme = 'com.example.app:/callback'

/** One app: its server, its events, and a client as each start of it makes one. */
function createApp(faults: Faults = {}, config: Partial<ClientConfig> = {}) {
  const server = createServer(faults)
  const events: ProofkeyEvent[] = []
  return {
    server,
    events,
    open() {
      const base = { issuer: server.issuer, clientId: 'spa', redirectUri, scope: 'openid', fetch: server.fetch }
      const client = createClient({ ...base, ...config })
      client.subscribe((event) => events.push(event))
      return client
    },
    seen: (type: ProofkeyEvent['type']) => events.filter((event) => event.type === type),
    tokenRequests: () => server.requests.filter(({ url }) => url === server.metadata.token_endpoint).length,
  }
}

/** The person signs in, wherever they were sent, and the page at the redirect URI relays. */
const agents: Record<
  string,
  { agent: () => SignInOptions['userAgent']; at: () => string | undefined; close?: () => void }
> = {
  popup: { agent: popup, at: () => windows.at(-1)?.visited[0], close: () => windows.at(-1)?.close() },
  frame: { agent: frame, at: () => frames.at(-1)?.src },
}
let windows: ReturnType<typeof stubOpen>
let frames: ReturnType<typeof stubFrames>

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  goTo(`${origin}/`)
  vi.stubGlobal('BroadcastChannel', browserChannel())
  vi.stubGlobal('opener', null)
  vi.stubGlobal('parent', window)
  vi.stubGlobal('close', vi.fn())
  windows = stubOpen()
  frames = stubFrames()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

async function relay(url: string | URL): Promise<void> {
  goTo(url)
  await expect(relayCallback()).resolves.toBe(true)
}

describe.each(Object.entries(agents))('signIn by %s', (_, { agent, at }) => {
  it('resolves with the result, while this page stays', async () => {
    vi.spyOn(location, 'assign')
    const app = createApp()
    const signingIn = app.open().signIn({ userAgent: agent(), returnTo: '/inbox', appState: { cart: [1] } })
    await until(at)
    const waiting = [...(await storedSignIns()).values()]
    expect(waiting).toMatchObject([{ sealed: expect.anything() }])
    await relay(await app.server.visit(at()!))
    const result = await signingIn
    expect(result).toMatchObject({ claims: { sub: 'ada' }, returnTo: '/inbox', appState: { cart: [1] } })
    expect(result?.tokens.accessToken).toMatch(/^access-/)
    expect(location.assign).not.toHaveBeenCalled()
    expect(app.tokenRequests()).toBe(1)
    // The verifier went with the sealed record.
    for (const record of (await storedSignIns()).values()) expect(record.sealed).toBeUndefined()
  })

  it('waits in the page’s memory where storage fails, and says so', async () => {
    vi.stubGlobal('indexedDB', undefined)
    const app = createApp()
    const signingIn = app.open().signIn({ userAgent: agent() })
    await until(at)
    await relay(await app.server.visit(at()!))
    await expect(signingIn).resolves.toHaveProperty('claims.sub', 'ada')
    expect(app.seen('vault_replaced')).toMatchObject([
      { vault: 'indexeddb', by: 'memory', code: 'storage_unavailable', transaction: expect.any(String) },
    ])
    expect(app.seen('transaction_stored')).toMatchObject([{ vault: 'memory' }])
    expect(app.seen('transaction_taken')).toMatchObject([{ vault: 'memory' }])
    expect(app.seen('sign_in_failed')).toEqual([])
  })

  it('passes on what the server refuses, reported once', async () => {
    const app = createApp()
    const signingIn = app.open().signIn({ userAgent: agent() })
    await until(at)
    const answer = await app.server.visit(at()!)
    answer.searchParams.delete('code')
    answer.searchParams.set('error', 'access_denied')
    await Promise.all([refusal(signingIn, 'access_denied'), relay(answer)])
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'access_denied', transaction: expect.any(String) }])
  })

  it('leaves the answer of another sign-in alone', async () => {
    const app = createApp()
    const client = app.open()
    const signingIn = client.signIn({ userAgent: agent() })
    await until(at)
    let other = ''
    client.signIn({ userAgent: redirect({ navigate: (url) => (other = url) }) })
    await until(() => other)
    const shown = windows.at(-1) ?? frames.at(-1)?.window
    hear((await app.server.visit(other)).href, shown)
    await setImmediate()
    expect(app.tokenRequests()).toBe(0)
    await relay(await app.server.visit(at()!))
    await expect(signingIn).resolves.toHaveProperty('claims.sub', 'ada')
    expect(app.tokenRequests()).toBe(1)
  })
})

it('where storage fails, a sign-in by redirect is refused before the page is left', async () => {
  vi.stubGlobal('indexedDB', undefined)
  const app = createApp()
  const navigate = vi.fn()
  await refusal(app.open().signIn({ userAgent: redirect({ navigate }) }), 'storage_unavailable')
  expect(navigate).not.toHaveBeenCalled()
  expect(app.seen('vault_replaced')).toEqual([])
  expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'storage_unavailable' }])
})

it('a frame asks with prompt=none whatever the client asks for', async () => {
  const app = createApp({}, { prompt: 'login' })
  const signingIn = app.open().signIn({ userAgent: frame(), prompt: 'consent' })
  await until(() => frames.length)
  expect(new URL(frames[0]!.src).searchParams.getAll('prompt')).toEqual(['none'])
  await relay(await app.server.visit(frames[0]!.src))
  await signingIn
})

it('a callback page of its own is asked for, and the answer held against it', async () => {
  const own = `${origin}/popup.html`
  const app = createApp()
  const signingIn = app.open().signIn({ userAgent: popup({ redirectUri: own }) })
  await until(agents['popup']!.at)
  const answer = await app.server.visit(windows[0]!.visited[0]!)
  expect(answer.href).toMatch(own)
  hear(answer.href.replace('/popup.html', '/callback'), windows[0])
  await setImmediate()
  expect(app.tokenRequests()).toBe(0)
  await relay(answer)
  await expect(signingIn).resolves.toHaveProperty('claims.sub', 'ada')
})

it('is unknown at a callback page of its own where the storage was emptied meanwhile', async () => {
  const app = createApp()
  app
    .open()
    .signIn({ userAgent: popup({ redirectUri: `${origin}/popup.html` }) })
    .catch(() => {})
  await until(agents['popup']!.at)
  goTo(await app.server.visit(windows[0]!.visited[0]!))
  globalThis.indexedDB = new IDBFactory()
  windows[0]!.close()
  await refusal(app.open().handleCallback(), 'unknown_state')
})

it('the page’s own callback stays the one that handleCallback gives, also after a sign-in in a frame', async () => {
  const app = createApp()
  const client = app.open()
  let at = ''
  client.signIn({ userAgent: redirect({ navigate: (url) => (at = url) }) })
  await until(() => at)
  goTo(await app.server.visit(at))
  const result = await client.handleCallback()
  const { href } = location
  const silent = client.signIn({ userAgent: frame() })
  await until(() => frames.length)
  await relay(await app.server.visit(frames[0]!.src))
  await silent
  goTo(href)
  expect(await client.handleCallback()).toBe(result)
})

describe('a user agent of the app’s own', () => {
  /** Hands over what it is told to. */
  const createAgent = () => {
    const trips: { url: URL; come: (url: string) => void }[] = []
    const agent = travelBy((url) => new Promise<string>((come) => trips.push({ url, come })), 'own')
    return { agent, trips }
  }

  it('finishes no other sign-in than its own', async () => {
    const app = createApp()
    const client = app.open()
    // One after the other: which of two would get to the server first is not ours to say.
    const leave = async () => {
      const { agent: userAgent, trips } = createAgent()
      const signingIn = client.signIn({ userAgent })
      signingIn.catch(() => {})
      const { url, come } = await until(() => trips[0])
      return { signingIn, come, callback: (await app.server.visit(url!)).href }
    }
    const [first, second] = [await leave(), await leave()]
    first.come(second.callback)
    await refusal(first.signingIn, 'unknown_state')
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'unknown_state', transaction: expect.any(String) }])
    expect(app.tokenRequests()).toBe(0)
    second.come(second.callback)
    await expect(second.signingIn).resolves.toHaveProperty('claims.sub', 'ada')
    await expect(client.handleCallback({ url: first.callback })).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it.each(['/callback?code=the-code', 'the-code', ''])(
    'that hands over no URL gets an error without it: %j',
    async (text) => {
      const { agent: userAgent, trips } = createAgent()
      const signingIn = createApp().open().signIn({ userAgent })
      await until(() => trips.length)
      trips[0]!.come(text)
      const error = await refusal(signingIn, 'unknown_state')
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('the-code')
    },
  )
})

describe('signIn by deep link', () => {
  const config = { redirectUri: scheme }
  let wrapper: ReturnType<typeof createWrapper>
  const untilOpened = () => until(() => wrapper.opened.at(-1))

  beforeEach(() => {
    wrapper = createWrapper()
    goTo('https://localhost/')
  })

  it('resolves with the result', async () => {
    const app = createApp({}, config)
    const signingIn = app.open().signIn({ userAgent: deepLink(wrapper.links), returnTo: '/inbox' })
    wrapper.deliver((await app.server.visit(await untilOpened())).href)
    await expect(signingIn).resolves.toMatchObject({ claims: { sub: 'ada' }, returnTo: '/inbox' })
    expect(wrapper.held()).toBe(0)
  })

  it.each([
    ['signIn first', [0, 1]],
    ['handleCallback first', [1, 0]],
    ['each several times', [0, 1, 0, 1]],
  ])('and handleCallback get the same result of one URL: %s', async (_, order) => {
    const app = createApp({}, config)
    const client = app.open()
    const signingIn = client.signIn({ userAgent: deepLink(wrapper.links) })
    const url = (await app.server.visit(await untilOpened())).href
    const handled: unknown[] = []
    for (const way of order) {
      if (way) handled.push(client.handleCallback({ url }))
      else wrapper.deliver(url)
    }
    const result = await signingIn
    expect(result).toHaveProperty('claims.sub', 'ada')
    for (const other of await Promise.all(handled)) expect(other).toBe(result)
    // Also when the app looks at its launch URL later.
    expect(await client.handleCallback({ url })).toBe(result)
    expect(app.tokenRequests()).toBe(1)
    expect(app.seen('sign_in_completed')).toHaveLength(1)
  })

  it('that fails gives both the same error, reported once', async () => {
    const app = createApp({ token: { access_token: undefined } }, config)
    const client = app.open()
    const signingIn = client.signIn({ userAgent: deepLink(wrapper.links) })
    const url = (await app.server.visit(await untilOpened())).href
    wrapper.deliver(url)
    const [first, second] = await Promise.allSettled([signingIn, client.handleCallback({ url })])
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'token_response_invalid' } })
    expect(second).toEqual(first)
    expect(app.seen('sign_in_failed')).toHaveLength(1)
    expect(app.tokenRequests()).toBe(1)
  })

  it('is finished by the next start of the app where this one was killed', async () => {
    const app = createApp({}, config)
    app.open().signIn({ userAgent: deepLink(wrapper.links), returnTo: '/inbox', appState: 7 })
    const url = (await app.server.visit(await untilOpened())).href
    // Nothing of the first start is left but its storage.
    const result = await app.open().handleCallback({ url })
    expect(result).toMatchObject({ claims: { sub: 'ada' }, returnTo: '/inbox', appState: 7 })
    await refusal(app.open().handleCallback({ url }), 'already_completed')
    expect(app.tokenRequests()).toBe(1)
  })

  it('cannot be finished by the next start where storage failed', async () => {
    vi.stubGlobal('indexedDB', undefined)
    const app = createApp({}, config)
    const signingIn = app.open().signIn({ userAgent: deepLink(wrapper.links) })
    const url = (await app.server.visit(await untilOpened())).href
    expect(app.seen('vault_replaced')).toHaveLength(1)
    vi.stubGlobal('indexedDB', new IDBFactory())
    await refusal(app.open().handleCallback({ url }), 'unknown_state')
    // The one that lives on still can.
    wrapper.deliver(url)
    await expect(signingIn).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('can be tried again with the same URL after a network failure', async () => {
    const app = createApp({ respond: () => Promise.reject(new TypeError('Failed to fetch')) }, config)
    const client = app.open()
    const signingIn = client.signIn({ userAgent: deepLink(wrapper.links) })
    const url = (await app.server.visit(await untilOpened())).href
    wrapper.deliver(url)
    expect((await refusal(signingIn, 'network_error')).retryable).toBe(true)
    delete app.server.faults.respond
    await expect(client.handleCallback({ url })).resolves.toHaveProperty('claims.sub', 'ada')
  })
})

describe('a failure is reported once, as sign_in_failed:', () => {
  const at = agents['popup']!.at

  it('what begin fails with', async () => {
    for (const userAgent of [popup(), frame(), deepLink(createWrapper().links), redirect({ navigate: () => {} })]) {
      const app = createApp({ metadata: { code_challenge_methods_supported: ['plain'] } })
      await refusal(app.open().signIn({ userAgent }), 'pkce_unsupported')
      expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'pkce_unsupported' }])
    }
  })

  it('what happens before it begins', async () => {
    vi.mocked(open).mockReturnValue(null)
    const app = createApp()
    await refusal(app.open().signIn({ userAgent: popup() }), 'popup_blocked')
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'popup_blocked', transaction: undefined }])
  })

  it('what happens on the way', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const app = createApp()
    const signingIn = app.open().signIn({ userAgent: popup() })
    await until(at)
    vi.advanceTimersByTime(1000)
    windows[0]!.close()
    vi.advanceTimersByTime(2000)
    await refusal(signingIn, 'cancelled')
    const [stored] = app.seen('transaction_stored')
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'cancelled', transaction: stored?.transaction }])
  })

  it('an abort on the way', async () => {
    const app = createApp()
    const abort = new AbortController()
    const signingIn = app.open().signIn({ userAgent: popup(), signal: abort.signal })
    await until(at)
    abort.abort()
    await refusal(signingIn, 'aborted')
    expect(windows[0]!.closed).toBe(true)
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'aborted' }])
  })

  it('a frame that is blocked', async () => {
    const app = createApp()
    const signingIn = app.open().signIn({ userAgent: frame() })
    await until(() => frames.length)
    const answer = await app.server.visit(frames[0]!.src)
    answer.searchParams.delete('code')
    answer.searchParams.set('error', 'login_required')
    await Promise.all([refusal(signingIn, 'frame_blocked'), relay(answer)])
    // What the server said, whatever the frame makes of it.
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'login_required' }])
  })

  it('what is thrown that is no ProofkeyError', async () => {
    const app = createApp()
    const error = new Error('no browser here')
    const open = () => {
      throw error
    }
    await expect(app.open().signIn({ userAgent: deepLink({ ...createWrapper().links, open }) })).rejects.toBe(error)
    expect(app.seen('sign_in_failed')).toMatchObject([{ code: 'unexpected' }])
  })
})

describe('nothing is left behind by a sign-in', () => {
  it.each(Object.entries(agents))('by %s', async (_, { agent, at }) => {
    const traces = watchLeftBehind()
    const app = createApp({}, { metadata: createServer().metadata })
    const signingIn = app.open().signIn({ userAgent: agent() })
    while (!at()) await setImmediate()
    goTo(await app.server.visit(at()!))
    await relayCallback()
    await signingIn
    // The database stays open, and is closed then.
    expect(traces.left()).toEqual(['listener for pagehide'])
    expect(document.querySelectorAll('iframe')).toHaveLength(0)
    for (const opened of windows) expect(opened.closed).toBe(true)
  })
})

it('handleCallback without a URL and without a page does nothing, also after a sign-in', async () => {
  const wrapper = createWrapper()
  vi.stubGlobal('location', undefined)
  const app = createApp({}, { redirectUri: scheme })
  const client = app.open()
  const signingIn = client.signIn({ userAgent: deepLink(wrapper.links) })
  wrapper.deliver((await app.server.visit((await until(() => wrapper.opened[0]))!)).href)
  await expect(signingIn).resolves.toHaveProperty('claims.sub', 'ada')
  await expect(client.handleCallback()).resolves.toBeUndefined()
})
