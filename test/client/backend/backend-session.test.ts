import { describe, expect, it, vi } from 'vitest'
import { type BackendSessionClientConfig, createBackendSessionClient, createSessionClient } from '../../../src/index.js'
import { catchForms, comeBack, pass, settle, showPage, useBackendPages } from '../../helpers/backend-pages.js'
import { refusal } from '../../helpers/refusal.js'
import { ORIGIN } from '../../helpers/server-session-app.js'
import { createGate } from '../../helpers/session-app.js'

const { startBackend, channels } = useBackendPages()
const offline = async (): Promise<Response> => {
  throw new TypeError('fetch failed')
}

describe('a page load', () => {
  it('of a visitor has no session, and of a user the session of the backend', async () => {
    const { browser, page, app } = startBackend()
    const visitor = page()
    expect(await visitor.auth.start()).toEqual({ type: 'loaded', session: undefined })
    expect(visitor.events).toEqual([])
    await browser.signIn()
    const { auth, told, events } = page()
    expect(await auth.start()).toEqual({ type: 'loaded', session: auth.session })
    expect(auth.session).toMatchObject({ claims: { sub: 'ada' }, scope: 'openid', startedAtMs: Date.now() })
    expect(told()).toEqual(['session_restored'])
    expect(events[0]).toMatchObject({ issuer: app.server.issuer, clientId: undefined })
  })

  it('brings no token to the page, nor to the other tabs', async () => {
    const { browser, page, app, bodies } = startBackend()
    await browser.signIn()
    const { auth, events } = page()
    await auth.start()
    await auth.fetch('/api/orders')
    const seen = JSON.stringify([auth, auth.session, events, bodies, channels().posted])
    expect(seen).toContain('ada')
    for (const token of app.server.issued) expect(seen).not.toContain(token)
  })

  it('keeps the session the same object until it changes', async () => {
    const { browser, page } = startBackend()
    await browser.signIn()
    const { auth, told } = page()
    const before = await auth.restore()
    await pass(60)
    expect(await auth.restore()).toBe(before)
    expect(told()).toEqual(['session_restored'])
    await browser.signIn()
    expect(await auth.restore()).not.toBe(before)
    expect(told()).toEqual(['session_restored', 'session_changed'])
  })

  it('asks once for calls at the same time', async () => {
    const { page, asked } = startBackend()
    const { auth } = page()
    await Promise.all([auth.start(), auth.start(), auth.restore()])
    expect(asked()).toBe(1)
  })

  it('of a server renders the page of a visitor, and asks nobody', async () => {
    const { page, asked } = startBackend()
    vi.stubGlobal('location', undefined)
    vi.stubGlobal('document', undefined)
    const { auth } = page()
    expect(auth.session).toBeUndefined()
    expect(await auth.start()).toEqual({ type: 'loaded', session: undefined })
    auth.close()
    expect([asked(), channels().count()]).toEqual([0, 0])
  })

  it('leaves nothing behind when it is closed', async () => {
    const { browser, page, asked } = startBackend()
    await browser.signIn()
    const { auth } = page()
    await auth.start()
    auth.close()
    expect([channels().count(), vi.getTimerCount()]).toEqual([0, 0])
    await pass(60)
    await showPage()
    await comeBack()
    expect(asked()).toBe(1)
  })
})

describe('a backend that cannot be asked', () => {
  it.each([
    ['nobody answers', offline, 'network_error'],
    ['a gateway answers', async () => new Response('<h1>Bad gateway</h1>', { status: 502 }), 'network_error'],
    [
      'its store is away',
      async () => Response.json({ code: 'storage_unavailable', retryable: true }, { status: 503 }),
      'storage_unavailable',
    ],
  ] as const)('signs nobody out: %s', async (_, way, code) => {
    const { browser, page, setWay, open } = startBackend()
    await browser.signIn()
    const { auth, told } = page()
    const session = await auth.restore()
    setWay(way)
    expect(await refusal(auth.restore(), code)).toMatchObject({ retryable: true })
    expect(await auth.start()).toMatchObject({ type: 'failed', error: { code } })
    expect(auth.session).toBe(session)
    expect(told()).toEqual(['session_restored', 'session_check_failed', 'session_check_failed'])
    open()
    expect(await auth.start()).toEqual({ type: 'loaded', session })
  })

  it('is asked again when the page is online again', async () => {
    const { browser, page, setWay, open } = startBackend()
    await browser.signIn()
    const { auth, told } = page()
    setWay(offline)
    expect(await auth.start()).toMatchObject({ type: 'failed' })
    open()
    dispatchEvent(new Event('online'))
    await settle()
    expect(auth.session).toMatchObject({ claims: { sub: 'ada' } })
    expect(told()).toEqual(['session_check_failed', 'session_restored'])
  })

  it('is given up after timeoutSeconds', async () => {
    const { page, setWay } = startBackend()
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())
    setWay(offline)
    expect(await refusal(page({ timeoutSeconds: 3 }).auth.restore(), 'timeout')).toMatchObject({
      message: `${ORIGIN}/auth/session took over 3 s.`,
      retryable: true,
    })
  })

  const html = { headers: { 'content-type': 'text/html; charset=utf-8' } }
  it.each([
    ['the page of a development server', () => new Response('<!doctype html>', html), 'status 200, text/html'],
    ['nothing there', () => Response.json({}, { status: 404 }), 'status 404, application/json'],
    ['JSON of another form', () => Response.json({ user: 'ada' }), 'status 200, application/json'],
    ['a session without a scope', () => Response.json({ session: { startedAtMs: 1, endsInMs: 1 } }), 'status 200'],
    ['a session without its end', () => Response.json({ session: { scope: '', startedAtMs: 1 } }), 'status 200'],
    [
      'claims without a user',
      () => Response.json({ session: { scope: '', startedAtMs: 1, endsInMs: 1, claims: {} } }),
      'status 200',
    ],
    ['JSON that is none', () => new Response('{', { headers: { 'content-type': 'application/json' } }), 'status 200'],
    ['a redirect', () => Response.error(), 'a redirect'],
  ])('is named: %s', async (_, response, what) => {
    const { page, setWay } = startBackend()
    setWay(async () => response())
    const error = await refusal(page().auth.restore(), 'response_refused')
    expect(error).toMatchObject({ retryable: false, hint: expect.stringContaining('serve /auth/*') })
    expect(error.message).toContain(`${ORIGIN}/auth/session answered ${what}`)
  })
})

describe('other tabs', () => {
  it('are signed out at once, even while they are asking', async () => {
    const { browser, page, setWay } = startBackend()
    const forms = catchForms()
    await browser.signIn()
    const [one, other, asking] = [page(), page(), page()]
    for (const { auth } of [one, other, asking]) await auth.start()
    const { released, release } = createGate()
    setWay(async (_, go) => {
      const response = await go()
      await released
      return response
    })
    const restoring = asking.auth.restore()
    await settle()
    await one.auth.signOut({ returnTo: '/bye' })
    expect(one.auth.session).toBeUndefined()
    expect(forms).toEqual([`POST ${ORIGIN}/auth/sign-out?returnTo=%2Fbye`])
    await settle()
    expect([other.auth.session, asking.auth.session]).toEqual([undefined, undefined])
    release()
    // The backend still had the session when it was asked.
    expect(await restoring).toBeUndefined()
    expect(one.told()).toEqual(['session_restored', 'session_ended signed_out', 'sign_out_started'])
    for (const { told } of [other, asking]) expect(told()).toEqual(['session_restored', 'session_ended elsewhere'])
  })

  it('do not bring the session back that the backend is about to end', async () => {
    const { browser, page, asked } = startBackend()
    catchForms()
    await browser.signIn()
    const [one, other] = [page(), page()]
    for (const { auth } of [one, other]) await auth.start()
    await pass(60)
    await one.auth.signOut()
    await settle()
    const before = asked()
    await showPage()
    expect([other.auth.session, asked()]).toEqual([undefined, before])
    // A sign-out that has not reached the backend is none.
    await pass(60)
    await showPage()
    expect(other.auth.session).toBeDefined()
  })

  it('notice a sign-in when the page after it has loaded, and ask once each', async () => {
    const { browser, page, asked } = startBackend()
    const [one, other] = [page(), page()]
    for (const { auth } of [one, other]) await auth.start()
    await browser.signIn()
    const before = asked()
    await page().auth.start()
    await settle()
    for (const { auth, told } of [one, other]) {
      expect(auth.session).toMatchObject({ claims: { sub: 'ada' } })
      expect(told()).toEqual(['session_changed'])
    }
    expect(asked() - before).toBe(3)
    // Nothing is new: nobody asks.
    await page().auth.start()
    await settle()
    expect(asked() - before).toBe(4)
  })

  it('do not keep each other busy where the backend says something else each time', async () => {
    const { browser, page, asked, setWay } = startBackend()
    await browser.signIn()
    setWay(async (_, go) => {
      if (asked() > 50) return offline()
      const { session } = await (await go()).json()
      return Response.json({ session: { ...session, startedAtMs: session.startedAtMs + asked() } })
    })
    for (const { auth } of [page(), page()]) await auth.start()
    await settle()
    expect(asked()).toBe(3)
  })

  it('tell one user from the next', async () => {
    const claims = { sub: 'ada' }
    const { browser, page } = startBackend({}, { claims })
    await browser.signIn()
    const { auth, told, events } = page()
    await auth.start()
    claims.sub = 'bob'
    await pass(1)
    await browser.signIn()
    const seen: unknown[] = []
    auth.subscribe(() => seen.push(auth.session?.claims?.sub))
    await page().auth.start()
    await settle()
    expect(auth.session).toMatchObject({ claims: { sub: 'bob' } })
    expect(told()).toEqual(['session_restored', 'session_ended replaced', 'session_changed'])
    expect(seen).toEqual(['bob', 'bob'])
    expect(events.at(-1)).not.toHaveProperty('reason')
  })

  it('are told names, and nobody else’s texts are believed', async () => {
    const { browser, page, asked } = startBackend()
    await browser.signIn()
    const { auth } = page()
    await auth.start()
    expect(channels().posted).toEqual([
      ['proofkey session of /auth', { session: expect.stringMatching(/^\d+ openid$/) }],
    ])
    const channel = new BroadcastChannel('proofkey session of /auth')
    for (const message of [null, 'x', 7, [], { session: { toString: 1 } }]) channel.postMessage(message)
    await settle()
    expect(auth.session).toBeDefined()
    expect(asked()).toBeLessThanOrEqual(6)
  })
})

describe('a page that is shown again', () => {
  it('asks, but not each time', async () => {
    const { browser, page, asked } = startBackend()
    await browser.signIn()
    const { auth, told } = page()
    await auth.start()
    for (let i = 0; i < 10; i++) await showPage()
    expect(asked()).toBe(1)
    await browser.signOut()
    // The ten are not forgotten.
    await pass(5)
    await settle()
    expect(asked()).toBe(2)
    expect(auth.session).toBeUndefined()
    expect(told()).toEqual(['session_restored', 'session_ended elsewhere'])
  })

  it('by the Back button always asks: it has heard nothing meanwhile', async () => {
    const { browser, page, asked } = startBackend()
    await browser.signIn()
    const { auth } = page()
    await auth.start()
    await browser.signOut()
    await comeBack()
    expect(auth.session).toBeUndefined()
    expect(asked()).toBe(2)
  })
})

describe('the end that the backend has told', () => {
  it('comes in the page too, by the clock of the page', async () => {
    const { browser, page } = startBackend({ idleSeconds: 600 })
    await browser.signIn()
    const { auth, told } = page()
    await auth.start()
    expect(auth.endsAtMs).toBe(Date.now() + 600_000)
    await pass(599)
    expect(auth.session).toBeDefined()
    await pass(1)
    await settle()
    expect(auth.session).toBeUndefined()
    expect(auth.endsAtMs).toBeUndefined()
    expect(told()).toEqual(['session_restored', 'session_ended expired'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is right in a page whose clock is wrong', async () => {
    const { browser, page, setWay } = startBackend({ idleSeconds: 600 })
    await browser.signIn()
    const { auth } = page()
    // The answer is of a backend whose clock is an hour behind.
    setWay(async (_, go) => {
      const { session } = await (await go()).json()
      return Response.json({ session: { ...session, endsAtMs: session.endsAtMs - 3_600_000 } })
    })
    await auth.start()
    expect(auth.endsAtMs).toBe(Date.now() + 600_000)
  })

  it('is later if the session was used elsewhere', async () => {
    const { browser, page } = startBackend({ idleSeconds: 600 })
    await browser.signIn()
    const { auth, told } = page()
    await auth.start()
    await pass(300)
    await browser.session()
    await pass(300)
    await settle()
    expect(auth.session).toBeDefined()
    expect(auth.endsAtMs).toBe(Date.now() + 300_000)
    await pass(300)
    await settle()
    expect(told()).toEqual(['session_restored', 'session_ended expired'])
  })

  it('comes also if the backend cannot be asked', async () => {
    const { browser, page, setWay } = startBackend({ idleSeconds: 600 })
    await browser.signIn()
    const { auth, told } = page()
    await auth.start()
    setWay(offline)
    await pass(599)
    expect(auth.session).toBeDefined()
    await pass(1)
    await settle()
    expect(told()).toEqual(['session_restored', 'session_check_failed', 'session_ended expired'])
  })

  it('may be beyond the longest timer', async () => {
    const days = 86_400
    const { browser, page, asked } = startBackend({ absoluteSeconds: 60 * days, apis: {} })
    await browser.signIn()
    const { auth } = page()
    await auth.start()
    await pass(1)
    expect(asked()).toBe(1)
    for (let day = 0; day < 60; day++) {
      expect(auth.session).toBeDefined()
      await pass(days)
      await settle()
    }
    expect(auth.session).toBeUndefined()
    expect(asked()).toBeLessThan(70)
  })
})

describe('leaving the page', () => {
  it('for a sign-in takes what it shall be', async () => {
    const { page } = startBackend()
    const { auth, left } = page()
    void auth.signIn()
    void auth.signIn({ returnTo: '/a?b=c&d', acrValues: 'urn:a urn:b', maxAgeSeconds: 0 })
    expect(left).toEqual([
      `${ORIGIN}/auth/sign-in`,
      `${ORIGIN}/auth/sign-in?returnTo=%2Fa%3Fb%3Dc%26d&acr_values=urn%3Aa+urn%3Ab&max_age=0`,
    ])
  })

  it('for a sign-in ends when the user is back by the Back button', async () => {
    const { page } = startBackend()
    const leaving = page().auth.signIn()
    await comeBack()
    expect(await leaving).toBeUndefined()
  })

  it('stays on this origin, whatever <base> says', async () => {
    const { page, requests } = startBackend()
    const forms = catchForms()
    const base = document.createElement('base')
    base.href = 'https://evil.example/'
    document.head.append(base)
    const { auth, left } = page()
    await auth.start()
    void auth.signIn()
    await auth.signOut()
    base.remove()
    expect([left[0], forms[0], requests[0]]).toEqual([
      `${ORIGIN}/auth/sign-in`,
      `POST ${ORIGIN}/auth/sign-out`,
      'GET /auth/session',
    ])
  })

  it('for a sign-out happens once for two clicks', async () => {
    const { browser, page } = startBackend()
    const forms = catchForms()
    await browser.signIn()
    const { auth } = page()
    await auth.start()
    await Promise.all([auth.signOut(), auth.signOut()])
    expect(forms).toHaveLength(1)
    await pass(60)
    await auth.signOut()
    expect(forms).toHaveLength(2)
  })
})

describe('the configuration', () => {
  it.each(['', 'auth', '/auth/', '//evil.example', 'https://app.example/auth', '/a?b', undefined])(
    'is refused: backend %s',
    (backend) => {
      expect(() => createBackendSessionClient({ backend } as BackendSessionClientConfig)).toThrow(`backend: ${backend}`)
    },
  )

  it('of a session client names the one for a backend', () => {
    const config = {
      issuer: 'https://as.example',
      clientId: 'spa',
      redirectUri: `${ORIGIN}/callback`,
      backend: '/auth',
    }
    expect(() => createSessionClient(config as never)).toThrow('createBackendSessionClient')
  })
})
