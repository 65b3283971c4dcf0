import { describe, expect, it } from 'vitest'
import { MAX_COOKIE_HEADER_BYTES, MAX_RESPONSE_HEAD_BYTES } from '../../../src/limits.js'
import { headBytes } from '../../../src/server/edge/response-head.js'
import { isSameOriginRequest, sealedCookieSessions } from '../../../src/server.js'
import { COOKIE, createServerSessionApp, ORIGIN, SAME_ORIGIN } from '../../helpers/server-session-app.js'
import { SEALING_KEYS, useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

describe.each(['memory', 'redis', 'cookie'] as const)('attacks on a session in %s', (name) => {
  const store = () => stores[name]()

  it('fixation: a secret that was planted before the sign-in opens nothing after it', async () => {
    const app = createServerSessionApp(store)
    const planted = 'x'.repeat(43)
    const victim = app.browser()
    victim.visitor.cookies.set(COOKIE, planted)
    const attacker = app.browser()
    attacker.visitor.cookies.set(COOKIE, planted)
    await victim.signIn()
    expect(victim.visitor.cookies.get(COOKIE)).not.toBe(planted)
    expect(await victim.session()).toBeDefined()
    expect(await attacker.session()).toBeUndefined()
    expect(await attacker.at(app.open()).session()).toBeUndefined()
  })

  it('fixation: nor does a session of the attacker’s own, in which the victim signs in', async () => {
    const app = createServerSessionApp(store)
    const attacker = app.browser()
    app.server.faults.claims = { sub: 'mallory' }
    await attacker.signIn()
    const victim = app.browser()
    for (const [name, value] of attacker.visitor.cookies) victim.visitor.cookies.set(name, value)
    app.server.faults.claims = { sub: 'ada' }
    await victim.signIn()
    expect(await victim.session()).toMatchObject({ claims: { sub: 'ada' } })
    expect((await attacker.session())?.claims?.sub).not.toBe('ada')
  })

  it('tossing: two cookies of one name are none', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    const own = `${COOKIE}=${browser.visitor.cookies.get(COOKIE)}`
    const withCookie = (cookie: string) => app.auth.session(new Request(ORIGIN, { headers: { cookie } }))
    expect((await withCookie(own)).session).toBeDefined()
    for (const cookie of [`${own}; ${COOKIE}=${'y'.repeat(43)}`, `${COOKIE}=${'y'.repeat(43)}; ${own}`])
      expect((await withCookie(cookie)).session).toBeUndefined()
    expect(app.types()).toContain('cookie_refused')
    // Names that a sub-domain may set, and that only look the same.
    for (const other of [COOKIE.toLowerCase(), COOKIE.slice(2), `\u00a0${COOKIE}`, `${COOKIE}\u00a0`])
      expect(
        (await withCookie(own.replace(COOKIE, other)).catch(() => ({ session: undefined }))).session,
      ).toBeUndefined()
  })

  it('replay: a copy of the cookie is worth nothing after the sign-out', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    const thief = browser.copy()
    expect(await thief.session()).toBeDefined()
    await browser.signOut()
    expect(await thief.session()).toBeUndefined()
    await expect(thief.fetch()).rejects.toMatchObject({ code: 'login_required' })
    if (name !== 'cookie') expect(await thief.at(app.open()).session()).toBeUndefined()
  })

  it('replay: a copy of an old state is worth nothing after the limits', async () => {
    const app = createServerSessionApp(store, { absoluteSeconds: 1000 })
    const browser = app.browser()
    await browser.signIn()
    const thief = browser.copy().at(app.open())
    later(1001)
    expect(await thief.session()).toBeUndefined()
  })

  it.each<[string, Record<string, string>]>([
    [
      'a form of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: 'https://evil.example' },
    ],
    ['a form of another site, without Fetch Metadata', { origin: 'https://evil.example' }],
    ['a form of another site that hides its origin', { origin: 'null' }],
    [
      'a form of a sub-domain',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', origin: 'https://x.app.example' },
    ],
    ['a frame of another site', { ...SAME_ORIGIN, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }],
    ['somebody who says neither', {}],
    ['a prefetch', { ...SAME_ORIGIN, 'sec-purpose': 'prefetch' }],
    ['another site that claims the origin', { origin: ORIGIN, 'sec-fetch-site': 'cross-site' }],
  ])('CSRF: %s does not sign the user out', async (_, headers) => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    const response = await browser.visit('/auth/sign-out', { method: 'POST', headers })
    expect(response.status).toBe(403)
    expect(await browser.session()).toBeDefined()
    expect(app.revoked()).toEqual([])
  })

  it('CSRF: another site reads no session, and a link or frame of it starts none', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }
    expect((await browser.visit('/auth/session', { headers: cross })).status).toBe(403)
    const frame = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
    expect((await browser.visit('/auth/sign-in', { headers: frame })).status).toBe(403)
  })

  it('login CSRF: the callback of an attacker signs nobody in', async () => {
    const app = createServerSessionApp(store)
    const callback = await app.browser().leave()
    const victim = app.browser()
    expect((await victim.visit(callback.href)).status).toBe(400)
    expect(await victim.session()).toBeUndefined()
  })

  it('leaves for no other origin after a sign-in or sign-out', async () => {
    const app = createServerSessionApp(store)
    for (const returnTo of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/%2f/evil.example',
      '/\t/evil',
    ]) {
      const browser = app.browser()
      const response = await browser.signIn(`?returnTo=${encodeURIComponent(returnTo)}`)
      expect(response.headers.get('location')).toBe('/')
    }
  })

  it('splits no response', async () => {
    const app = createServerSessionApp(store)
    const response = await app.browser().signIn(`?returnTo=${encodeURIComponent('/a\r\nset-cookie: x=1')}`)
    expect(response.headers.get('location')).toBe('/')
    expect(response.headers.getSetCookie().some((line) => line.startsWith('x='))).toBe(false)
  })

  it('sets cookies for this host, over TLS, not for scripts, not cross-site', async () => {
    const app = createServerSessionApp(store)
    const response = await app.browser().signIn()
    const [line = ''] = response.headers.getSetCookie().filter((one) => one.startsWith(COOKIE))
    expect(line.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/', 'SameSite=Lax', 'Secure'])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('the header budget of sealed cookies', () => {
  const big = (bytes: number) => ({ note: 'x'.repeat(bytes) })
  const chunks = (browser: { visitor: { cookies: Map<string, string> } }) =>
    [...browser.visitor.cookies.keys()].filter((name) => name.startsWith(COOKIE))

  it('refuses a session that a proxy would refuse, with the figures, and revokes its tokens', async () => {
    const app = createServerSessionApp(stores.cookie, {}, { claims: { sub: 'ada', ...big(1500) } })
    const browser = app.browser()
    const response = await browser.visit((await browser.leave()).href)
    const text = await response.text()
    expect([response.status, text]).toEqual([400, expect.stringContaining('storage_full')])
    expect(text).toMatch(/needs \d{4} bytes of cookies; the limit is 3600/)
    expect(headBytes(response.headers)).toBeLessThan(MAX_RESPONSE_HEAD_BYTES)
    expect(chunks(browser)).toEqual([])
    expect(app.revoked()).toHaveLength(2)
    expect(await browser.session()).toBeUndefined()
  })

  it('splits a larger session over several cookies where the proxies allow it, and deletes all of them', async () => {
    const store = () => sealedCookieSessions({ keys: SEALING_KEYS, maxHeadBytes: 7000 })
    const app = createServerSessionApp(store, {}, { claims: { sub: 'ada', ...big(1000) } })
    const browser = app.browser()
    await browser.signIn()
    expect(chunks(browser)).toEqual([`${COOKIE}.0`, `${COOKIE}.1`])
    expect(await browser.session()).toMatchObject({ claims: big(1000) })
    // In another process, from the cookies alone; and without one of them, or with one of another session, not at all.
    expect(await browser.at(app.open()).session()).toMatchObject({ claims: big(1000) })
    const other = app.browser()
    await other.signIn()
    for (const value of [undefined, other.visitor.cookies.get(`${COOKIE}.1`) ?? '']) {
      const mixed = browser.copy().at(app.open())
      if (value === undefined) mixed.visitor.cookies.delete(`${COOKIE}.1`)
      else mixed.visitor.cookies.set(`${COOKIE}.1`, value)
      expect(await mixed.session()).toBeUndefined()
    }
    await browser.signOut()
    expect(chunks(browser)).toEqual([])
  })

  it('leaves no chunk of a larger session beside a smaller one', async () => {
    const store = () => sealedCookieSessions({ keys: SEALING_KEYS, maxHeadBytes: 7000 })
    const app = createServerSessionApp(store, {}, { claims: { sub: 'ada', ...big(1000) } })
    const browser = app.browser()
    await browser.signIn()
    app.server.faults.claims = { sub: 'ada' }
    await browser.signIn()
    expect(chunks(browser)).toEqual([COOKIE])
    expect(await browser.session()).toBeDefined()
  })

  it('refuses a session that leaves no room for the other cookies of the origin', async () => {
    const app = createServerSessionApp(stores.cookie)
    const browser = app.browser()
    const callback = await browser.leave()
    browser.visitor.cookies.set('theirs', 'x'.repeat(MAX_COOKIE_HEADER_BYTES - 1500))
    const response = await browser.visit(callback.href)
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/with the other cookies the limit is 7500/)
    expect(chunks(browser)).toEqual([])
  })
})

describe('isSameOriginRequest', () => {
  it.each<[Record<string, string>, boolean]>([
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, true],
    [{ origin: ORIGIN }, true],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-site', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': '', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': 'same-origin, cross-site', origin: ORIGIN }, false],
    [{ origin: `${ORIGIN}.evil` }, false],
    [{ origin: 'null' }, false],
    [{}, false],
  ])('%j: %s', (headers, expected) => {
    expect(isSameOriginRequest(new Request(ORIGIN, { method: 'POST', headers }), ORIGIN)).toBe(expected)
  })
})
