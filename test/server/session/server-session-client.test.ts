import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it, vi } from 'vitest'
import { defineProvider } from '../../../src/providers.js'
import { redisSessions, stepUp } from '../../../src/server.js'
import { holdPort, startRedis } from '../../helpers/redis.js'
import { refusal } from '../../helpers/refusal.js'
import { API } from '../../helpers/server.js'
import { COOKIE, createServerSessionApp, FROM_PAGE, ORIGIN, SAME_ORIGIN } from '../../helpers/server-session-app.js'
import { SEALING_KEYS, useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

describe.each(['memory', 'redis', 'cookie'] as const)('a session on the server, in %s', (name) => {
  const store = () => stores[name]()
  it('starts, calls an API, refreshes, and ends', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    expect(await browser.session()).toBeUndefined()
    const response = await browser.signIn('?returnTo=/inbox')
    expect(response.headers.get('location')).toBe('/inbox')
    expect(await browser.session()).toMatchObject({ claims: { sub: 'ada' }, scope: 'openid' })
    expect(await (await browser.fetch()).json()).toEqual({ hello: 'ada' })
    later(3600)
    expect((await browser.fetch()).status).toBe(200)
    expect(app.refreshes()).toBe(1)
    const cookie = browser.visitor.cookies.get(COOKIE) ?? 'none'
    const left = await browser.signOut()
    expect(left.headers.get('location')).toContain('https://as.example/end-session?')
    expect(left.headers.get('location')).toContain('id_token_hint=')
    expect([...browser.visitor.cookies.keys()].filter((name) => name.startsWith(COOKIE))).toEqual([])
    expect(await browser.session()).toBeUndefined()
    for (const token of app.server.issued.filter((one) => /^(access|refresh)/.test(one)))
      expect(app.server.isActive(token)).toBe(false)
    for (const secret of [...app.server.issued, cookie]) expect(JSON.stringify(app.events)).not.toContain(secret)
  })

  it('shows the browser no token', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    const response = await browser.signIn()
    const json = await (await browser.visit('/auth/session')).text()
    expect(JSON.parse(json)).toMatchObject({ session: { claims: { sub: 'ada' }, endsAtMs: expect.any(Number) } })
    const seen = [json, ...response.headers, ...browser.visitor.cookies].join()
    for (const token of app.server.issued) expect(seen).not.toContain(token)
  })

  it('sends one refresh for many requests at once', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    later(3600)
    const responses = await Promise.all(Array.from({ length: 20 }, () => browser.fetch()))
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(app.refreshes()).toBe(1)
    expect(app.server.reused).toEqual([])
  })

  it('forwards what its pages ask of an API, with a refreshed token where one is needed', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    expect((await browser.forward()).status).toBe(401)
    await browser.signIn()
    const cookie = () => [...browser.visitor.cookies].filter(([one]) => one.startsWith(COOKIE)).join()
    const before = cookie()
    later(3600)
    expect(await (await browser.forward('/api/orders?page=2')).json()).toEqual({ hello: 'ada' })
    expect(app.server.requests.at(-1)?.url).toBe(`${API}/orders?page=2`)
    expect(app.refreshes()).toBe(1)
    // A store of its own has the new tokens; without one they are in the cookie.
    expect(cookie() !== before).toBe(name === 'cookie')
    expect((await browser.forward()).status).toBe(200)
    expect(app.refreshes()).toBe(1)
  })

  it('forwards a new token where the API rejects the old one, and nothing for other sites', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    for (const token of app.server.issued.filter((one) => one.startsWith('access'))) app.server.revoke(token)
    const calls = () => app.server.requests.filter(({ url }) => url.startsWith(API)).length
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { ...FROM_PAGE, 'sec-fetch-site': 'cross-site' }])
      expect((await browser.forward('/api/orders', headers as Record<string, string>)).status).toBe(403)
    expect(calls()).toBe(0)
    expect((await browser.forward()).status).toBe(200)
    expect([calls(), app.refreshes()]).toEqual([2, 1])
  })

  it('ends when it was not used, and polling is no use', async () => {
    const app = createServerSessionApp(store, { idleSeconds: 600 })
    const browser = app.browser()
    await browser.signIn()
    for (let minute = 0; minute < 12; minute += 4) {
      later(240)
      expect(await browser.session()).toBeDefined()
    }
    for (let minute = 0; minute < 8; minute += 4) {
      later(240)
      expect((await (await browser.visit('/auth/session')).json()).session).not.toBeNull()
    }
    later(240)
    expect((await (await browser.visit('/auth/session')).json()).session).toBeNull()
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'idle' }))
    await vi.waitFor(() => expect(app.revoked()).toHaveLength(2))
  })

  it('ends in another process by the time of last use of this one', async () => {
    const app = createServerSessionApp(store, { idleSeconds: 600 })
    const here = app.browser()
    const there = here.at(app.open())
    await here.signIn()
    later(500)
    expect(await here.session()).toBeDefined()
    later(500)
    expect(await there.session()).toBeDefined()
    later(700)
    expect(await here.session()).toBeUndefined()
  })

  it('ends at the absolute limit, however it is used', async () => {
    const app = createServerSessionApp(store, { absoluteSeconds: 1000 })
    const browser = app.browser()
    await browser.signIn()
    later(900)
    expect(await browser.session()).toBeDefined()
    later(200)
    expect(await browser.session()).toBeUndefined()
  })

  it('goes on under a new secret after a second sign-in of the same user, whose tokens stay', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    const before = browser.copy()
    await browser.signIn('?max_age=60')
    expect(browser.visitor.cookies.get(COOKIE)).not.toBe(before.visitor.cookies.get(COOKIE))
    expect(await browser.session()).toBeDefined()
    expect(app.types()).toContain('tokens_not_revoked')
    expect(app.types()).not.toContain('session_ended')
    expect(app.revoked()).toEqual([])
    // Its response may come later than that of the sign-in: it deletes no cookie.
    expect((await app.auth.session(before.request('/'))).headers.has('set-cookie')).toBe(false)
    // In this process also the cookie store knows that it was replaced.
    expect(await before.session()).toBeUndefined()
  })

  it('goes on with the refresh token of a refresh that was under way, if the second sign-in brings none', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    later(3600)
    const callback = await browser.leave()
    const refresh = app.holdTokens()
    const refreshing = app.auth.fetch(browser.request('/'), `${API}/orders`)
    await vi.waitFor(() => expect(app.held()).toBe(1))
    app.server.faults.token = { refresh_token: undefined }
    const signIn = app.holdTokens()
    const returning = app.auth.handle(browser.request(callback.href))
    await vi.waitFor(() => expect(app.held()).toBe(2))
    signIn.release()
    for (let turns = 0; turns < 20; turns++) await turn()
    refresh.release()
    await refreshing
    app.holdTokens().release()
    browser.visitor.receive((await returning)!.headers)
    app.server.faults.token = {}
    later(3600)
    expect((await browser.fetch()).status).toBe(200)
    expect(app.server.reused).toEqual([])
  })

  it('revokes the tokens of the user before when another user signs in', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    app.server.faults.claims = { sub: 'bob' }
    await browser.signIn()
    expect(await browser.session()).toMatchObject({ claims: { sub: 'bob' } })
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'replaced' }))
    await vi.waitFor(() => expect(app.revoked()).toHaveLength(2))
  })

  it('revokes them also when the other user has the same sub at another issuer', async () => {
    const provider = defineProvider({
      name: 'Tenants',
      reason: 'Each tenant has an issuer of its own.',
      issuerOf: ({ tenant = '' }) => `https://as.example${tenant}`,
    })
    const app = createServerSessionApp(store, { provider })
    const browser = app.browser()
    await browser.signIn()
    app.server.faults.claims = { iss: 'https://as.example/two', tenant: '/two' }
    await browser.signIn()
    await vi.waitFor(() => expect(app.revoked()).toHaveLength(2))
  })

  it('is not started by a sign-in that was under way when the user signed out', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    const callback = await browser.leave()
    const { release } = app.holdTokens()
    const returning = app.auth.handle(browser.request(callback.href))
    await vi.waitFor(() => expect(app.held()).toBe(1))
    await browser.signOut()
    release()
    const response = (await returning)!
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('login_required')
    browser.visitor.receive(response.headers)
    expect(await browser.session()).toBeUndefined()
    for (const token of app.server.issued.filter((one) => /^(access|refresh)/.test(one)))
      expect(app.server.isActive(token)).toBe(false)
  })

  it('ends with a refresh token that the server refuses', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    for (const token of app.server.issued) app.server.revoke(token)
    later(3600)
    const error = await refusal(browser.fetch(), 'token_request_refused')
    browser.visitor.receive(error.headers!)
    expect(await browser.session()).toBeUndefined()
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'refused' }))
  })

  it('asks for the stronger sign-in that an API wants', async () => {
    const app = createServerSessionApp(store, { stepUp })
    const browser = app.browser()
    await browser.signIn()
    later(100)
    app.server.faults.api = () =>
      new Response(null, {
        status: 401,
        headers: { 'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age="60"' },
      })
    const error = await refusal(browser.fetch(), 'step_up_required')
    expect(error.requirements).toEqual({ maxAgeSeconds: 60 })
    const started = (await error.signIn?.({ returnTo: '/pay' })) as Response
    expect(new URL(started.headers.get('location') ?? '').searchParams.get('max_age')).toBe('60')
  })

  it('sends tokens to its APIs only', async () => {
    const app = createServerSessionApp(store)
    const browser = app.browser()
    await browser.signIn()
    await browser.fetch('https://api.example.evil/orders')
    const { init } = app.server.requests.at(-1)!
    expect(new Headers(init.headers).has('authorization')).toBe(false)
    await refusal(app.browser().fetch(`${API}/orders`), 'login_required')
  })

  it('serves callback and sign-out at one path', async () => {
    const app = createServerSessionApp(store, { redirectUri: `${ORIGIN}/`, postLogoutRedirectUri: `${ORIGIN}/` })
    const browser = app.browser()
    await browser.signIn('?returnTo=/inbox')
    expect(await browser.session()).toBeDefined()
    const left = await browser.visit('/auth/sign-out?returnTo=/bye', { method: 'POST', headers: SAME_ORIGIN })
    const state = new URL(left.headers.get('location') ?? '').searchParams.get('state')
    const back = await browser.visit(`/?state=${state}`)
    expect([back.status, back.headers.get('location')]).toEqual([303, '/bye'])
    expect(browser.visitor.cookies.size).toBe(0)
  })

  it('answers invalid requests with 400', async () => {
    const app = createServerSessionApp(store)
    for (const path of ['/auth/session', '/auth/callback?code=x', '/auth/sign-in'])
      expect(await app.auth.handle(new Request(`http://bad-request.invalid${path}`))).toMatchObject({ status: 400 })
    expect(await app.auth.handle({ ...new Request(ORIGIN), url: 'http://[' } as Request)).toMatchObject({ status: 400 })
  })

  it('serves nothing but its paths', async () => {
    const app = createServerSessionApp(store)
    const get = (path: string, init?: RequestInit) => app.auth.handle(new Request(ORIGIN + path, init))
    expect(await get('/')).toBeUndefined()
    expect(await get('/auth/other')).toBeUndefined()
    expect(await get('/auth/session/')).toBeUndefined()
    expect(await get('/auth/sign-out')).toMatchObject({ status: 405 })
    expect(await get('/auth/sign-in', { method: 'POST', headers: SAME_ORIGIN })).toMatchObject({ status: 405 })
    expect(await get('/auth/callback?code=x&state=y')).toMatchObject({ status: 400 })
  })
})

describe.each(['memory', 'redis'] as const)('sessions of several processes, in %s', (name) => {
  const store = () => stores[name]()

  it('are refreshed once, whichever process is asked', async () => {
    const app = createServerSessionApp(store)
    const browsers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const browser = app.browser()
        await browser.signIn()
        return browser
      }),
    )
    const processes = [app.open(), app.open()]
    later(3600)
    const responses = await Promise.all(
      browsers.flatMap((browser) =>
        processes.flatMap((process) => Array.from({ length: 4 }, () => browser.at(process).fetch())),
      ),
    )
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(app.refreshes()).toBe(5)
    expect(app.server.reused).toEqual([])
  })

  it('end in all of them, and what a refresh brings meanwhile is revoked', async () => {
    const app = createServerSessionApp(store)
    const here = app.browser()
    await here.signIn()
    const there = here.at(app.open())
    expect(await there.session()).toBeDefined()
    later(3600)
    const { release } = app.holdTokens()
    const refreshing = refusal(there.copy().fetch(), 'login_required')
    await vi.waitFor(() => expect(app.held()).toBe(1))
    const thief = here.copy()
    await here.signOut()
    release()
    await refreshing
    expect(await thief.session()).toBeUndefined()
    expect(await thief.at(app.open()).session()).toBeUndefined()
    for (const token of app.server.issued.filter((one) => /^(access|refresh)/.test(one)))
      expect(app.server.isActive(token)).toBe(false)
  })
})

describe.each(['memory', 'redis'] as const)('a back-channel logout, of sessions in %s', (name) => {
  it('is noticed by a process that has never seen the session, which revokes its tokens once', async () => {
    const app = createServerSessionApp(() => stores[name]())
    const browser = app.browser()
    await browser.signIn()
    await app.store.endSessions?.({ issuer: app.server.issuer, subject: 'ada', sessionId: undefined })
    expect(app.revoked()).toEqual([])
    const others = [app.open(), app.open()]
    const sessions = await Promise.all(
      others.flatMap((other) => [browser.at(other).session(), browser.at(other).session()]),
    )
    expect(sessions).toEqual([undefined, undefined, undefined, undefined])
    expect(app.revoked()).toHaveLength(2)
    expect(new Set(app.revoked()).size).toBe(2)
    // The next sign-in is not affected.
    await browser.signIn()
    expect(await browser.session()).toBeDefined()
  })

  it('refuses a refresh that was under way', async () => {
    const app = createServerSessionApp(() => stores[name]())
    const browser = app.browser()
    await browser.signIn()
    later(3600)
    const { release } = app.holdTokens()
    const refreshing = refusal(browser.fetch(), 'login_required')
    await vi.waitFor(() => expect(app.held()).toBe(1))
    await app.store.endSessions?.({ issuer: app.server.issuer, subject: 'ada', sessionId: undefined })
    release()
    await refreshing
    expect(await browser.session()).toBeUndefined()
    for (const token of app.server.issued.filter((one) => /^(access|refresh)/.test(one)))
      expect(app.server.isActive(token)).toBe(false)
  })
})

describe('a Redis that is killed and restarted', () => {
  it('leaves open who is signed in, spends no code, and costs a new sign-in', async () => {
    let redis = await startRedis()
    const client = new Redis(redis.port, '127.0.0.1', {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: () => 20,
    })
    client.on('error', () => {})
    try {
      await once(client, 'ready')
      const app = createServerSessionApp(() => redisSessions({ client, keys: SEALING_KEYS }))
      const browser = app.browser()
      await browser.signIn()
      const callback = await browser.leave()
      await redis.stop()
      const leave = await holdPort(redis.port)
      // This process has the session in its memory, and does not rely on it: it may have ended elsewhere.
      expect(await refusal(browser.session(), 'storage_unavailable')).toMatchObject({ retryable: true })
      await refusal(browser.fetch(), 'storage_unavailable')
      const error = (await app.auth.handle(browser.request(callback.href)))!
      expect(error.status).toBe(503)
      browser.visitor.receive(error.headers)
      // Nor is the code of a new browser.
      const stranger = app.browser()
      const first = await stranger.leave()
      const failed = (await app.auth.handle(stranger.request(first.href)))!
      expect([failed.status, await failed.text()]).toEqual([503, expect.stringContaining('storage_unavailable')])
      expect(app.revoked()).toEqual([])
      stranger.visitor.receive(failed.headers)
      expect(await stranger.session()).toBeUndefined()

      await leave()
      redis = await startRedis(redis.port)
      await once(client, 'ready')
      expect(await browser.session()).toBeUndefined()
      for (const [one, url] of [
        [browser, callback],
        [stranger, first],
      ] as const) {
        expect((await one.visit(url.href)).status).toBe(303)
        expect(await one.session()).toBeDefined()
      }
    } finally {
      client.disconnect()
      await redis.stop()
    }
  })

  it('does not keep the browser from signing out', async () => {
    const redis = await startRedis()
    const client = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: 0, enableOfflineQueue: false })
    client.on('error', () => {})
    try {
      await once(client, 'ready')
      const app = createServerSessionApp(() => redisSessions({ client, keys: SEALING_KEYS }))
      const browser = app.browser()
      await browser.signIn()
      await redis.stop()
      const leave = await holdPort(redis.port)
      expect((await browser.signOut()).status).toBe(303)
      expect(browser.visitor.cookies.has(COOKIE)).toBe(false)
      expect(app.events).toContainEqual(
        expect.objectContaining({ type: 'sign_out_failed', code: 'storage_unavailable' }),
      )
      // This process still knew the tokens.
      expect(app.revoked()).toHaveLength(2)
      await leave()
    } finally {
      client.disconnect()
      await redis.stop()
    }
  })
})
