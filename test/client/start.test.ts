// @vitest-environment happy-dom
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createTicket } from '../../src/crypto/ticket.js'
import {
  frame,
  memorySessions,
  memoryVault,
  ProofkeyError,
  popup,
  redirect,
  relayCallback,
  type SessionClient,
  type SessionClientConfig,
  type SignInOptions,
  type UserAgent,
  type Vault,
} from '../../src/index.js'
import { goTo } from '../helpers/page.js'
import type { Faults } from '../helpers/server.js'
import { createGate, later, type SessionApp, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'
import '../helpers/windows.js'

const ORIGIN = 'https://app.example'
const CALLBACK = `${ORIGIN}/callback`
const BYE = `${ORIGIN}/bye`

const { start } = useSessionApps()

// A page remembers what it has relayed, and files share their workers: here nothing was.
beforeAll(async () => {
  goTo(`${CALLBACK}?state=${createTicket('app', Date.now() + 60_000)}`)
  expect(await relayCallback()).toBe(false)
})

/** An app whose pages come and go. Its pages share a vault, which may fail. */
function startApp(faults: Faults = {}, config: Partial<SessionClientConfig> = {}) {
  const app = start(faults, config)
  let left = ''
  const navigate = (url: string) => {
    left = url
  }
  const page = (more: Partial<SessionClientConfig> = {}) =>
    app.tab({ userAgent: redirect({ navigate }), navigate, postLogoutRedirectUri: BYE, ...more })
  const leaving = async (go: () => Promise<unknown>) => {
    left = ''
    const going = go()
    await Promise.race([until(() => left), going])
    return left
  }
  return {
    ...app,
    page,
    /** Signs in as far as the server. @returns the callback URL */
    async leave(options?: SignInOptions, { auth } = page()): Promise<URL> {
      return app.server.visit(await leaving(() => auth.signIn(options)))
    },
    /** Signs out as far as the server. @returns the URL that it sends the user back to */
    async signOut(auth: SessionClient, returnTo?: string): Promise<URL> {
      const state = new URL(await leaving(() => auth.signOut({ returnTo }))).searchParams.get('state')
      return new URL(`${BYE}?state=${state}`)
    },
  }
}

/** The callback URL with the server's error in place of the code. */
function refused(callback: URL, error = 'access_denied'): URL {
  callback.searchParams.delete('code')
  callback.searchParams.set('error', error)
  return callback
}

/** What the page shows in the end, if nothing was added to its history. */
async function shownAfter<T>(url: URL | string, work: () => Promise<T>): Promise<{ result: T; href: string }> {
  goTo(url)
  const { length } = history
  const result = await work()
  expect(history).toHaveLength(length)
  return { result, href: location.href }
}

const unreachable = () =>
  new ProofkeyError('network_error', 'The server cannot be reached.', undefined, { retryable: true })

describe('start() at a page load', () => {
  it('of a callback is a sign-in, also when it is called again', async () => {
    const app = startApp()
    const callback = await app.leave({ returnTo: '/inbox', appState: { cart: [1] } })
    const { auth, types } = app.page()
    const { result, href } = await shownAfter(callback, () => auth.start())
    expect(result).toMatchObject({
      type: 'signed_in',
      returnTo: '/inbox',
      appState: { cart: [1] },
      claims: { sub: 'ada' },
    })
    expect(href).toBe(CALLBACK)
    expect(auth.session?.claims?.sub).toBe('ada')
    await expect(auth.start()).resolves.toEqual(result)
    expect(types().filter((type) => type === 'session_started')).toHaveLength(1)
    expect(types()).not.toContain('callback_not_handled')
  })

  it('of a callback is one sign-in where two components call it at once', async () => {
    const app = startApp()
    goTo(await app.leave())
    const { auth } = app.page()
    const [one, other] = await Promise.all([auth.start(), auth.start()])
    expect(one.type).toBe('signed_in')
    expect(other).toBe(one)
    expect(app.server.requests.filter(({ body }) => body.has('code'))).toHaveLength(1)
  })

  it('of a callback is the same sign-in again where that ended the session of another user', async () => {
    const app = startApp()
    goTo(await app.leave())
    await app.page().auth.start()
    app.server.faults.claims = { sub: 'bob' }
    goTo(await app.leave())
    const { auth, events } = app.page()
    const result = await auth.start()
    expect(result).toMatchObject({ type: 'signed_in', claims: { sub: 'bob' } })
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'replaced' }))
    await expect(auth.start()).resolves.toEqual(result)
  })

  it('of a callback is the same sign-in again where the session before it was over', async () => {
    const app = startApp({}, { absoluteSeconds: 300 })
    goTo(await app.leave())
    await app.page().auth.start()
    const callback = await app.leave()
    later(300)
    goTo(callback)
    const { auth, events } = app.page()
    const result = await auth.start()
    expect(result).toHaveProperty('type', 'signed_in')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'too_long' }))
    await expect(auth.start()).resolves.toEqual(result)
  })

  it('of the app’s page after a sign-in is an ordinary one, with the session', async () => {
    const app = startApp()
    goTo(await app.leave())
    await app.page().auth.start()
    const { auth } = app.page()
    const { result, href } = await shownAfter(`${ORIGIN}/inbox?code=red#top`, () => auth.start())
    expect(result).toEqual({ type: 'loaded', session: auth.session })
    expect(auth.session?.claims?.sub).toBe('ada')
    expect(href).toBe(`${ORIGIN}/inbox?code=red#top`)
  })

  it('without a session is an ordinary one', async () => {
    const { auth, types } = startApp().page()
    await expect(auth.start()).resolves.toEqual({ type: 'loaded', session: undefined })
    expect(types()).toEqual([])
  })

  it('without a session asks the silent user agent', async () => {
    const app = startApp()
    const { auth } = app.page({ silent: silently(travelBy((url) => app.server.visit(url))) })
    await expect(auth.start()).resolves.toMatchObject({ type: 'loaded', session: { claims: { sub: 'ada' } } })
  })

  it('after the server’s sign-out is the end of it', async () => {
    const app = startApp()
    goTo(await app.leave())
    const { auth } = app.page()
    await auth.start()
    const back = await app.signOut(auth, '/goodbye')
    const next = app.page().auth
    const { result, href } = await shownAfter(back, () => next.start())
    expect(result).toEqual({ type: 'signed_out', returnTo: '/goodbye' })
    expect(href).toBe(BYE)
    expect(next.session).toBeUndefined()
  })

  it('without a page, on a server that renders it, is an ordinary one', async () => {
    const { auth } = startApp().page({ silent: frame(), userAgent: popup() })
    vi.stubGlobal('location', undefined)
    await expect(auth.start()).resolves.toEqual({ type: 'loaded', session: undefined })
  })
})

describe('start() in a popup or frame', () => {
  const relaying = (received: boolean) => vi.fn(async () => received)
  const agentWith = (relay: UserAgent['relay']): UserAgent => ({ ...travelBy((url) => url), relay })

  it.each<
    [string, (relay: UserAgent['relay']) => [Partial<SessionClientConfig>, Parameters<SessionClient['start']>[0]?]]
  >([
    ['the user agent', (relay) => [{ userAgent: agentWith(relay) }]],
    ['the silent user agent', (relay) => [{ silent: silently(agentWith(relay)) }]],
    ['the options', (relay) => [{}, { relay }]],
    ['all of them', (relay) => [{ userAgent: agentWith(relay), silent: silently(agentWith(relay)) }, { relay }]],
  ])('relays once, and does nothing else: by %s', async (_, given) => {
    const app = startApp()
    const callback = await app.leave()
    const relay = relaying(true)
    const [config, options] = given(relay)
    const { auth, types } = app.page(config)
    goTo(callback)
    await expect(auth.start(options)).resolves.toEqual({ type: 'relayed' })
    expect(relay).toHaveBeenCalledTimes(1)
    expect(types()).toEqual([])
    expect(auth.session).toBeUndefined()
  })

  it('calls a relay that several have in common once, also where nobody waits', async () => {
    const relay = relaying(false)
    const { auth } = startApp().page({ userAgent: agentWith(relay), silent: silently(agentWith(relay)) })
    await auth.start({ relay })
    expect(relay).toHaveBeenCalledTimes(1)
  })

  it('tries each relay in turn, and goes on where nobody waits', async () => {
    const app = startApp()
    goTo(await app.leave())
    const [one, two, three] = [relaying(false), relaying(false), relaying(false)]
    const { auth } = app.page({ userAgent: agentWith(one), silent: silently(agentWith(two)) })
    await expect(auth.start({ relay: three })).resolves.toHaveProperty('type', 'signed_in')
    for (const relay of [one, two, three]) expect(relay).toHaveBeenCalledTimes(1)
  })
})

describe('start() where something fails', () => {
  it.each(['query', 'fragment'] as const)('says where the user was going (%s)', async (responseMode) => {
    const app = startApp({}, { responseMode })
    const callback = await app.leave({ returnTo: '/inbox', appState: 7 })
    const answer = callback[responseMode === 'query' ? 'search' : 'hash'].slice(1)
    callback[responseMode === 'query' ? 'search' : 'hash'] = answer.replace(/code=[^&]*/, 'error=access_denied')
    const { auth } = app.page()
    const { result, href } = await shownAfter(callback, () => auth.start())
    expect(result).toMatchObject({
      type: 'failed',
      error: { code: 'access_denied', retryable: false },
      returnTo: '/inbox',
      appState: 7,
    })
    expect(href).toBe(CALLBACK)
  })

  it.each<[string, string, (callback: URL) => URL | string]>([
    ['a state of nobody', 'unknown_state', (callback) => `${callback}`.replace(/state=\d/, 'state=9')],
    ['no state', 'unknown_state', () => `${CALLBACK}?error=access_denied`],
    ['no state, in the fragment', 'unknown_state', () => `${CALLBACK}#error=access_denied`],
    ['a token', 'callback_malformed', (callback) => `${callback}#access_token=x`],
    ['two codes', 'callback_malformed', (callback) => `${callback}&code=x`],
    [
      'another issuer',
      'callback_issuer_mismatch',
      (callback) => `${callback}`.replace(/iss=[^&]*/, 'iss=https://evil'),
    ],
    ['another path', 'redirect_uri_mismatch', (callback) => `${callback}`.replace('/callback', '/other')],
    ['an unknown error', 'authorization_failed', (callback) => refused(callback, 'server_error')],
  ])('cleans the URL of a callback with %s', async (_, code, change) => {
    const app = startApp()
    const callback = await app.leave()
    const { auth } = app.page()
    const { result, href } = await shownAfter(change(callback), () => auth.start())
    expect(result).toMatchObject({ type: 'failed', error: { code } })
    expect(new URL(href)).toMatchObject({ search: '', hash: '' })
    expect(auth.session).toBeUndefined()
  })

  it('cleans the URL of a callback that was used before', async () => {
    const app = startApp()
    const callback = await app.leave()
    goTo(callback)
    await app.page().auth.start()
    const { result, href } = await shownAfter(callback, () => app.page().auth.start())
    expect(result).toMatchObject({ type: 'failed', error: { code: 'already_completed' } })
    expect(href).toBe(CALLBACK)
  })

  it('has the session that there was before', async () => {
    const app = startApp()
    goTo(await app.leave())
    await app.page().auth.start()
    const { auth } = app.page()
    goTo(refused(await app.leave()))
    await expect(auth.start()).resolves.toHaveProperty('type', 'failed')
    expect(auth.session?.claims?.sub).toBe('ada')
  })

  it('restores the URL if no response came; the next call completes the sign-in', async () => {
    const app = startApp()
    const callback = await app.leave({ returnTo: '/inbox' })
    let offline = true
    const { auth, types } = app.page({
      fetch: async (...request) => {
        if (offline) throw new TypeError('Failed to fetch')
        return app.server.fetch(...request)
      },
    })
    const { result, href } = await shownAfter(callback, () => auth.start())
    expect(result).toMatchObject({
      type: 'failed',
      error: { code: 'network_error', retryable: true },
      returnTo: '/inbox',
    })
    expect(href).toBe(callback.href)
    offline = false
    await expect(auth.start()).resolves.toMatchObject({ type: 'signed_in', returnTo: '/inbox' })
    expect(location.href).toBe(CALLBACK)
    expect(types()).not.toContain('callback_not_handled')
  })

  it('cleans the URL of a return from a sign-out that was not started here, and restores the session', async () => {
    const app = startApp()
    goTo(await app.leave())
    const { auth } = app.page()
    await auth.start()
    const back = await app.signOut(auth)
    await app.page().auth.start()
    goTo(await app.leave())
    await app.page().auth.start()
    const elsewhere = app.page({ vault: memoryVault() }).auth
    const { result, href } = await shownAfter(back, () => elsewhere.start())
    expect(result).toMatchObject({ type: 'failed', error: { code: 'unknown_state' } })
    expect(result.returnTo).toBeUndefined()
    expect(href).toBe(BYE)
    expect(elsewhere.session?.claims?.sub).toBe('ada')
  })

  it('says so where the silent sign-in has no network, and can be called again', async () => {
    const app = startApp()
    let online = false
    const silent = travelBy(async (url) => {
      if (!online) throw unreachable()
      return app.server.visit(url)
    })
    const { auth } = app.page({ silent: silently(silent) })
    await expect(auth.start()).resolves.toMatchObject({
      type: 'failed',
      error: { code: 'network_error', retryable: true },
    })
    online = true
    await expect(auth.start()).resolves.toMatchObject({ type: 'loaded', session: { claims: { sub: 'ada' } } })
  })

  it('reports nobody where the silent sign-in is refused', async () => {
    const silent = travelBy(async () => {
      throw new ProofkeyError('login_required', 'Nobody is signed in.')
    })
    const { auth, events } = startApp().page({ silent: silently(silent) })
    await expect(auth.start()).resolves.toEqual({ type: 'loaded', session: undefined })
    expect(events).toContainEqual(expect.objectContaining({ type: 'silent_sign_in_failed', code: 'login_required' }))
  })

  it('rejects with an error that is not of this library', async () => {
    const bug = new Error('a bug')
    const vault: Vault = { ...memoryVault(), take: () => Promise.reject(bug) }
    const app = startApp()
    goTo(await app.leave())
    await expect(app.page({ vault }).auth.start()).rejects.toBe(bug)
    goTo(ORIGIN)
    const relay = () => Promise.reject(bug)
    await expect(app.page().auth.start({ relay })).rejects.toBe(bug)
  })
})

describe('a sign-out', () => {
  /** A page whose callback fails for want of a response; `release` lets it fail. */
  async function offline() {
    const app = startApp()
    const callback = await app.leave()
    const gate = createGate()
    let isOnline = false
    let isAsked = false
    const { auth } = app.page({
      fetch: async (...request) => {
        if (isOnline) return app.server.fetch(...request)
        isAsked = true
        await gate.released
        throw new TypeError('Failed to fetch')
      },
    })
    goTo(callback)
    const starting = auth.start()
    await until(() => isAsked)
    const online = () => {
      isOnline = true
    }
    return { auth, starting, release: gate.release, online, callback }
  }

  it('takes a callback that can be repeated out of the URL', async () => {
    const { auth, starting, release, online, callback } = await offline()
    release()
    await starting
    expect(location.href).toBe(callback.href)
    online()
    await auth.signOut({ atServer: false })
    expect(location.href).toBe(CALLBACK)
    await expect(auth.start()).resolves.toEqual({ type: 'loaded', session: undefined })
  })

  it('lets no callback back into the URL that fails later', async () => {
    const { auth, starting, release, online } = await offline()
    online()
    await auth.signOut({ atServer: false })
    release()
    await expect(starting).resolves.toHaveProperty('type', 'failed')
    expect(location.href).toBe(CALLBACK)
  })

  it('whose return the storage fails at can be repeated', async () => {
    const app = startApp()
    goTo(await app.leave())
    const { auth } = app.page()
    await auth.start()
    const back = await app.signOut(auth, '/goodbye')
    const indexedDB = globalThis.indexedDB
    vi.stubGlobal('indexedDB', undefined)
    const next = app.page({ sessionStore: memorySessions() }).auth
    const { result, href } = await shownAfter(back, () => next.start())
    expect(result).toMatchObject({ type: 'failed', error: { code: 'storage_unavailable', retryable: true } })
    expect(href).toBe(back.href)
    vi.stubGlobal('indexedDB', indexedDB)
    await expect(next.start()).resolves.toEqual({ type: 'signed_out', returnTo: '/goodbye' })
    expect(location.href).toBe(BYE)
  })
})

describe('start() of two clients on one page', () => {
  it.each([
    ['at once', async (first: SessionClient, second: SessionClient) => Promise.all([first.start(), second.start()])],
    ['in turn', async (first: SessionClient, second: SessionClient) => [await first.start(), await second.start()]],
  ])('signs in the one whose callback it is; for the other it is an ordinary load: %s', async (_, both) => {
    for (const mineFirst of [true, false]) {
      const app = startApp()
      const callback = await app.leave()
      const mine = app.page()
      const other = app.page({ clientId: 'other' })
      goTo(callback)
      const pages = mineFirst ? ([mine, other] as const) : ([other, mine] as const)
      const results = await both(pages[0].auth, pages[1].auth)
      expect(results[mineFirst ? 0 : 1]).toHaveProperty('type', 'signed_in')
      expect(results[mineFirst ? 1 : 0]).toEqual({ type: 'loaded', session: undefined })
      expect(location.href).toBe(CALLBACK)
      expect(other.auth.session).toBeUndefined()
      expect([...mine.types(), ...other.types()]).not.toContain('callback_not_handled')
      for (const { auth } of pages) await auth.signOut({ atServer: false })
    }
  })

  it.each([true, false])('where only one has a popup: the other one is called first: %s', async (mineFirst) => {
    const app = startApp()
    goTo(await app.leave())
    const mine = app.page().auth
    const other = app.page({ clientId: 'other', userAgent: popup() }).auth
    const pages = mineFirst ? [mine, other] : [other, mine]
    const results = await Promise.all(pages.map((auth) => auth.start()))
    expect(results[mineFirst ? 0 : 1]).toHaveProperty('type', 'signed_in')
    expect(results[mineFirst ? 1 : 0]).toEqual({ type: 'loaded', session: undefined })
    expect(location.href).toBe(CALLBACK)
  })

  it('leaves the URL to the other one', async () => {
    const app = startApp()
    const callback = await app.leave()
    const other = app.page({ clientId: 'other' })
    const { result, href } = await shownAfter(callback, () => other.auth.start())
    expect(result).toEqual({ type: 'loaded', session: undefined })
    expect(href).toBe(callback.href)
  })

  it('leaves the other one’s return from a sign-out to it', async () => {
    const app = startApp()
    goTo(await app.leave())
    const { auth } = app.page()
    await auth.start()
    const back = await app.signOut(auth, '/goodbye')
    const other = app.page({ clientId: 'other' })
    const { result, href } = await shownAfter(back, () => other.auth.start())
    expect(result).toEqual({ type: 'loaded', session: undefined })
    expect(href).toBe(back.href)
    await expect(auth.start()).resolves.toEqual({ type: 'signed_out', returnTo: '/goodbye' })
  })
})

describe('restore() on a callback that nobody handled', () => {
  const reports = ({ types }: ReturnType<SessionApp['tab']>) =>
    types().filter((type) => type === 'callback_not_handled').length

  it.each(['query', 'fragment'] as const)('reports it once (%s)', async (responseMode) => {
    const app = startApp({}, { responseMode })
    const callback = await app.leave()
    const tab = app.page()
    const { href } = await shownAfter(callback, () => Promise.all([tab.auth.restore(), tab.auth.restore()]))
    expect(reports(tab)).toBe(1)
    // Whoever handles it later can still do so.
    expect(href).toBe(callback.href)
    await expect(tab.auth.start()).resolves.toHaveProperty('type', 'signed_in')
    expect(reports(tab)).toBe(1)
  })

  it.each<[string, (auth: SessionClient) => Promise<unknown>]>([
    ['start()', (auth) => auth.start()],
    ['handleCallback()', (auth) => auth.handleCallback()],
  ])('does not after %s, also if that failed and can be repeated', async (_, handle) => {
    const app = startApp()
    const callback = await app.leave()
    const tab = app.page({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) })
    goTo(callback)
    await handle(tab.auth).catch(() => {})
    expect(location.href).toBe(callback.href)
    await tab.auth.restore()
    expect(reports(tab)).toBe(0)
  })

  it('does not while handleCallback() runs', async () => {
    const app = startApp()
    goTo(await app.leave())
    const tab = app.page()
    await Promise.all([tab.auth.handleCallback(), tab.auth.restore()])
    expect(reports(tab)).toBe(0)
  })

  it.each<[string, (app: ReturnType<typeof startApp>) => Promise<URL | string> | string]>([
    ['the callback of another client', (app) => app.leave({}, app.page({ clientId: 'other' }))],
    ['a parameter of the app', () => `${ORIGIN}/shop?code=red&state=open`],
    ['a parameter of the app at the redirect URI', () => `${CALLBACK}?code=red`],
    ['a page of the app', () => `${ORIGIN}/inbox`],
  ])('does not where the URL has %s', async (_, urlOf) => {
    const app = startApp()
    goTo(await urlOf(app))
    const tab = app.page()
    await tab.auth.restore()
    expect(reports(tab)).toBe(0)
  })
})
