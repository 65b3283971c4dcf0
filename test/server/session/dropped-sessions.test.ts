import { describe, expect, it, vi } from 'vitest'
import { MAX_RESPONSE_HEAD_BYTES } from '../../../src/limits.js'
import { headBytes } from '../../../src/server/edge/response-head.js'
import { memoryServerSessions, type ServerSessionStore } from '../../../src/server.js'
import { refusal } from '../../helpers/refusal.js'
import { API } from '../../helpers/server.js'
import { COOKIE, createServerSessionApp } from '../../helpers/server-session-app.js'
import { useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

type App = ReturnType<typeof createServerSessionApp>
const goodTokens = ({ server }: App) =>
  server.issued.filter((one) => /^(access|refresh)/.test(one) && server.isActive(one))
const ended = ({ events }: App) => events.flatMap((event) => (event.type === 'session_ended' ? [event.reason] : []))

describe('a session that no longer fits the cookies after a refresh', () => {
  async function grown(use: 'fetch' | 'forward' | 'getAccessToken') {
    const app = createServerSessionApp(stores.cookie)
    const browser = app.browser()
    await browser.signIn()
    later(3600)
    app.server.faults.claims = { note: 'x'.repeat(3000) }
    const request = browser.request('/api/orders', { headers: { 'sec-fetch-site': 'same-origin', 'x-proofkey': '1' } })
    if (use === 'forward') {
      const response = await app.auth.forward(request, { to: API, path: '/api/*' })
      expect(response.status).toBeGreaterThanOrEqual(500)
      expect(await response.json()).toMatchObject({ code: 'storage_full' })
      return { app, browser, headers: response.headers }
    }
    const work = use === 'fetch' ? app.auth.fetch(request, `${API}/orders`) : app.auth.getAccessToken(request)
    const { headers } = await refusal(work, 'storage_full')
    return { app, browser, headers: headers! }
  }

  it.each(['fetch', 'forward', 'getAccessToken'] as const)('ends: its tokens are revoked, by %s', async (use) => {
    const { app, browser, headers } = await grown(use)
    browser.visitor.receive(headers)
    expect(headBytes(headers)).toBeLessThan(MAX_RESPONSE_HEAD_BYTES)
    expect([...browser.visitor.cookies.keys()].filter((name) => name.startsWith(COOKIE))).toEqual([])
    expect(ended(app)).toEqual(['not_stored'])
    await vi.waitFor(() => expect(goodTokens(app)).toEqual([]))
    expect(await browser.session()).toBeUndefined()
    // A new sign-in is not affected.
    app.server.faults.claims = {}
    await browser.signIn()
    expect(await browser.session()).toBeDefined()
  })

  it('ends for a copy of its earlier cookie too', async () => {
    const app = createServerSessionApp(stores.cookie)
    const browser = app.browser()
    await browser.signIn()
    const thief = browser.copy()
    later(3600)
    app.server.faults.claims = { note: 'x'.repeat(3000) }
    await refusal(browser.fetch(), 'storage_full')
    expect(await thief.session()).toBeUndefined()
  })
})

describe('the tokens of a sign-in that starts no session are revoked', () => {
  /** A store whose method fails from now on. */
  const failing = (method: 'create' | 'replace' | 'exclusive', isOn: () => boolean): ServerSessionStore => {
    const store = memoryServerSessions()
    const unavailable = async () => {
      throw new Error('away')
    }
    const broken = <T extends object>(record: T): T =>
      method === 'create'
        ? record
        : (new Proxy(record, {
            get: (target, name) => (name === method && isOn() ? unavailable : Reflect.get(target, name)),
          }) as T)
    return {
      ...store,
      async open(...given) {
        const record = await store.open(...given)
        return record && broken(record)
      },
      create: async (...given) => {
        if (method === 'create' && isOn()) return unavailable()
        return broken(await store.create(...given))
      },
    }
  }

  it.each(['create', 'replace', 'exclusive'] as const)('%s of the store fails', async (method) => {
    let isOn = false
    const app = createServerSessionApp(() => failing(method, () => isOn))
    const browser = app.browser()
    await browser.signIn()
    const before = goodTokens(app)
    const callback = await browser.leave()
    isOn = true
    await app.auth.handle(browser.request(callback.href)).catch(() => {})
    expect(app.types()).toContain('sign_in_failed')
    await vi.waitFor(() => expect(goodTokens(app)).toEqual(before))
    expect(app.server.issued.filter((one) => one.startsWith('refresh'))).toHaveLength(2)
  })

  it('the browser has left: nobody receives the cookie', async () => {
    const app = createServerSessionApp(stores.memory)
    const browser = app.browser()
    const callback = await browser.leave()
    const leaving = new AbortController()
    const { release } = app.holdTokens()
    const returning = app.auth.handle(browser.request(callback.href, { signal: leaving.signal }))
    await vi.waitFor(() => expect(app.held()).toBe(1))
    leaving.abort()
    release()
    const response = (await returning)!
    expect(await response.text()).toContain('aborted')
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'sign_in_failed', code: 'aborted' }))
    expect(app.server.issued.some((one) => one.startsWith('refresh'))).toBe(true)
    expect(goodTokens(app)).toEqual([])
  })
})

describe('the memory of a process', () => {
  it('loses no session to a flood of sign-outs of nobody', async () => {
    const app = createServerSessionApp(() => memoryServerSessions({ maxSessions: 10 }))
    const browser = app.browser()
    await browser.signIn()
    for (let times = 0; times < 30; times++) {
      const stranger = app.browser()
      stranger.visitor.cookies.set(COOKIE, `${times}`.padStart(43, 'x'))
      await stranger.signOut()
      await refusal(stranger.fetch(), 'login_required')
    }
    expect(await browser.session()).toBeDefined()
  })
})
