import { describe, expect, it, vi } from 'vitest'
import { memoryVault, sealedCookie } from '../../../src/server.js'
import { COOKIE, createServerSessionApp, SAME_ORIGIN } from '../../helpers/server-session-app.js'
import { SEALING_KEYS, useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

const VAULTS = {
  'a vault outside the browser': () => ({ vault: memoryVault({ maxRecords: 100 }) }),
  'a vault in cookies': () => ({ vault: sealedCookie({ keys: SEALING_KEYS }) }),
}
const cases = (['memory', 'redis'] as const).flatMap((name) =>
  Object.entries(VAULTS).map(([vault, config]) => [name, vault, config] as const),
)

describe.each(cases)('a session in %s, with %s', (name, _, config) => {
  const create = () => createServerSessionApp(() => stores[name](), config())
  type App = ReturnType<typeof create>
  const goodTokens = ({ server }: App) =>
    server.issued.filter((one) => /^(access|refresh)/.test(one) && server.isActive(one))
  const post = { method: 'POST', headers: SAME_ORIGIN }

  describe.each([
    ['nobody', async () => {}],
    ['the same user', async (browser: ReturnType<App['browser']>) => void (await browser.signIn())],
  ])('in a browser in which %s was signed in', (_, prepare) => {
    it('ends by a sign-out that was sent before its cookie arrived', async () => {
      const app = create()
      const browser = app.browser()
      await prepare(browser)
      const before = app.server.issued.length
      const callback = await browser.leave()
      const earlier = browser.copy()
      await browser.visit(callback.href)
      expect(await browser.session()).toBeDefined()
      // At any process.
      await earlier.at(app.open()).signOut()
      expect(await browser.session()).toBeUndefined()
      expect(await browser.at(app.open()).session()).toBeUndefined()
      expect(app.events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'signed_out' }))
      expect(goodTokens(app).filter((one) => app.server.issued.indexOf(one) >= before)).toEqual([])
    })

    it('does not start after a sign-out that came while its code was exchanged', async () => {
      const app = create()
      const browser = app.browser()
      await prepare(browser)
      const callback = await browser.leave()
      const { release } = app.holdTokens()
      const held = app.held()
      const returning = app.auth.handle(browser.request(callback.href))
      await vi.waitFor(() => expect(app.held()).toBe(held + 1))
      await browser.at(app.open()).signOut()
      release()
      const response = (await returning)!
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('login_required')])
      browser.visitor.receive(response.headers)
      expect(await browser.session()).toBeUndefined()
      expect(goodTokens(app)).toEqual([])
    })

    it.each([0, 1])('is the only one after two callbacks at once, in whichever order: %i', async (last) => {
      const app = create()
      const browser = app.browser()
      await prepare(browser)
      const callbacks = [await browser.leave(), await browser.leave()]
      const other = app.open()
      const { release } = app.holdTokens()
      const held = app.held()
      const returning = callbacks.map((callback, at) => [app.auth, other][at]!.handle(browser.request(callback.href)))
      await vi.waitFor(() => expect(app.held()).toBe(held + 2))
      release()
      const responses = await Promise.all(returning)
      const visitors = responses.map((response) => {
        const one = browser.copy()
        one.visitor.receive(response!.headers)
        return one
      })
      const alive = []
      for (const one of visitors) for (const at of [app.auth, other]) alive.push(!!(await one.at(at).session()))
      expect(alive.filter(Boolean)).toHaveLength(2)
      expect(alive.slice(0, 2)).not.toEqual(alive.slice(2))
      // Whichever cookie the browser has kept: its next sign-in leaves no other session.
      const kept = visitors[last]!
      await kept.signIn()
      for (const one of visitors) if (one !== kept) expect(await one.session()).toBeUndefined()
    })
  })

  it('ends by the next callback, if its own response was lost', async () => {
    const app = create()
    const browser = app.browser()
    const callback = await browser.leave()
    const lost = browser.copy()
    lost.visitor.receive((await app.auth.handle(browser.request(callback.href)))!.headers)
    expect(await lost.session()).toBeDefined()
    await browser.signIn()
    expect(await browser.session()).toBeDefined()
    expect(await lost.session()).toBeUndefined()
  })

  it('of another user that a second callback replaces has its tokens revoked', async () => {
    const app = create()
    const browser = app.browser()
    const [first, second] = [await browser.leave(), await browser.leave()]
    const lost = browser.copy()
    await lost.visit(first.href)
    app.server.faults.claims = { sub: 'bob' }
    await browser.visit(second.href)
    expect(await browser.session()).toMatchObject({ claims: { sub: 'bob' } })
    expect(await lost.session()).toBeUndefined()
    await vi.waitFor(() => expect(app.revoked()).toHaveLength(2))
  })

  it('is kept if its callback came after the sign-out', async () => {
    const app = create()
    const browser = app.browser()
    const callback = await browser.leave()
    await browser.signOut()
    await browser.visit(callback.href)
    expect(await browser.session()).toBeDefined()
  })

  describe('fixation: who planted the session cookie that was there before', () => {
    it.each(['a secret', 'a session'])('%s of theirs ends nothing, and sees nothing', async (what) => {
      const app = create()
      const attacker = app.browser()
      if (what === 'a secret') attacker.visitor.cookies.set(COOKIE, 'x'.repeat(43))
      else {
        app.server.faults.claims = { sub: 'mallory' }
        await attacker.signIn()
        app.server.faults.claims = { sub: 'ada' }
      }
      const victim = app.browser()
      victim.visitor.cookies.set(COOKIE, attacker.visitor.cookies.get(COOKIE) ?? '')
      const callback = await victim.leave()
      // They see the URLs of the sign-in, with its `state`, and know the names of the cookies, not their values.
      for (const name of victim.visitor.cookies.keys())
        if (!attacker.visitor.cookies.has(name)) attacker.visitor.cookies.set(name, 'y'.repeat(43))
      await victim.visit(callback.href)
      const answers = [
        await attacker.visit('/auth/session'),
        await attacker.visit(callback.href),
        await attacker.visit('/auth/sign-out', post),
      ]
      const own = victim.visitor.cookies.get(COOKIE) ?? 'none'
      for (const answer of answers) {
        const seen = [...answer.headers].join() + (await answer.text())
        for (const secret of [own, ...app.server.issued.slice(-3)]) expect(seen).not.toContain(secret)
      }
      expect(await attacker.session()).toBeUndefined()
      expect(await victim.session()).toMatchObject({ claims: { sub: 'ada' } })
      expect(await victim.at(app.open()).session()).toBeDefined()
    })

    it('nor does a copy of all cookies from before: it opens nothing', async () => {
      const app = create()
      const browser = app.browser()
      await browser.signIn()
      const callback = await browser.leave()
      const thief = browser.copy()
      await browser.visit(callback.href)
      expect(await thief.session()).toBeUndefined()
      expect((await thief.visit(callback.href)).status).toBe(400)
      expect(await thief.at(app.open()).session()).toBeUndefined()
      expect(await browser.session()).toBeDefined()
    })
  })

  it('is deleted by no response of another process to a request that was under way when it was replaced', async () => {
    const app = create()
    const other = app.open()
    const browser = app.browser()
    await browser.signIn()
    expect(await browser.at(other).session()).toBeDefined()
    const underWay = browser.request('/')
    await browser.signIn()
    expect((await other.session(underWay)).headers.has('set-cookie')).toBe(false)
    expect(await browser.session()).toBeDefined()
  })
})

it.each(['memory', 'redis', 'cookie'] as const)(
  'a sign-in does not fail because the session before becomes idle meanwhile: that is no sign-out, in %s',
  async (name) => {
    const app = createServerSessionApp(() => stores[name](), { idleSeconds: 60 })
    const browser = app.browser()
    await browser.signIn()
    const callback = await browser.leave()
    later(58)
    const { release } = app.holdTokens()
    const held = app.held()
    const returning = app.auth.handle(browser.request(callback.href))
    await vi.waitFor(() => expect(app.held()).toBe(held + 1))
    later(5)
    release()
    browser.visitor.receive((await returning)!.headers)
    expect(await browser.session()).toMatchObject({ claims: { sub: 'ada' } })
  },
)

describe.each(['memory', 'redis', 'cookie'] as const)('with form_post, in %s', (name) => {
  it('the session before ends, although the callback does not have its cookie', async () => {
    const metadata = { response_modes_supported: ['query', 'form_post'] }
    const app = createServerSessionApp(() => stores[name](), { responseMode: 'form_post' }, { metadata })
    const browser = app.browser()
    async function signIn() {
      const callback = await browser.leave()
      // A cross-site request: without the cookie that is `SameSite=Lax`.
      const lax = browser.copy()
      lax.visitor.cookies.delete(COOKIE)
      const init = { method: 'POST', body: callback.searchParams, headers: { 'sec-fetch-site': 'cross-site' } }
      const response = (await app.auth.handle(lax.request(callback.pathname, init)))!
      expect(response.status, await response.clone().text()).toBe(303)
      browser.visitor.receive(response.headers)
    }
    await signIn()
    const before = browser.copy()
    expect(await before.session()).toBeDefined()
    app.server.faults.claims = { sub: 'bob' }
    await signIn()
    expect(await browser.session()).toMatchObject({ claims: { sub: 'bob' } })
    expect(await before.session()).toBeUndefined()
    await vi.waitFor(() => expect(app.revoked()).toHaveLength(2))
  })
})

describe('a session in sealed cookies, in one process', () => {
  const create = () => createServerSessionApp(stores.cookie)

  it('ends by a sign-out that was sent before its cookie arrived, and its tokens are revoked', async () => {
    const app = create()
    const browser = app.browser()
    const callback = await browser.leave()
    const earlier = browser.copy()
    await browser.visit(callback.href)
    await earlier.signOut()
    expect(await browser.session()).toBeUndefined()
    expect(app.revoked()).toHaveLength(2)
  })

  it('does not start after a sign-out that came while its code was exchanged', async () => {
    const app = create()
    const browser = app.browser()
    const callback = await browser.leave()
    const { release } = app.holdTokens()
    const returning = app.auth.handle(browser.request(callback.href))
    await vi.waitFor(() => expect(app.held()).toBe(1))
    await browser.signOut()
    release()
    expect((await returning)?.status).toBe(400)
    expect(app.revoked()).toHaveLength(2)
  })

  it('is the only one after two callbacks', async () => {
    const app = create()
    const browser = app.browser()
    const [first, second] = [await browser.leave(), await browser.leave()]
    const lost = browser.copy()
    await lost.visit(first.href)
    await browser.visit(second.href)
    expect(await lost.session()).toBeUndefined()
    expect(await browser.session()).toBeDefined()
  })
})

describe('the store', () => {
  it('in Redis shows no session cookie, and nothing that opens one without the browser', async () => {
    const app = createServerSessionApp(() => stores.redis())
    const browser = app.browser()
    const callback = await browser.leave()
    const [pending = ''] = browser.visitor.cookies.values()
    await browser.visit(callback.href)
    const client = stores.operator()
    const keys = await client.keys('*')
    const dump = JSON.stringify([keys, ...(await Promise.all(keys.map((key) => client.hgetall(key).catch(() => ''))))])
    expect(keys.length).toBeGreaterThan(1)
    for (const secret of [browser.visitor.cookies.get(COOKIE)!, pending]) expect(dump).not.toContain(secret)
    // The links are gone before anything that needs them.
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0)
  })
})
