// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { createApiFetch, getUserInfo, loadUserInfo, type SessionClientConfig } from '../../src/index.js'
import { givenToFetch } from '../helpers/given-to-fetch.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { createGate, later, type SessionApp, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

const ME = 'https://as.example/userinfo'
const { start } = useSessionApps()

/** An app that loads the claims; `answers` are what the endpoint says in turn, then it is honest. */
function startApp(answers: (() => Response | Promise<Response>)[] = [], faults: Faults = {}) {
  const app = start(faults, { userInfo: loadUserInfo })
  const visits: string[] = []
  const fetch: typeof globalThis.fetch = async (...given) => {
    const { url, init } = await givenToFetch(...given)
    if (url !== ME) return app.server.fetch(url, init)
    visits.push(new Headers(init.headers).get('authorization') ?? '')
    return (await answers.shift()?.()) ?? app.server.fetch(url, init)
  }
  return { ...app, answers, visits, tab: (more?: Partial<SessionClientConfig>) => app.tab({ fetch, ...more }) }
}

const failing: [string, () => Response | Promise<Response>, string][] = [
  ['speaks of another user', () => Response.json({ sub: 'bob', name: 'Bob' }), 'response_refused'],
  ['names no user', () => Response.json({ name: 'Bob' }), 'response_refused'],
  ['is an error', () => new Response('Oh no', { status: 500 }), 'response_refused'],
  ['does not come', () => Promise.reject(new TypeError('Failed to fetch')), 'network_error'],
]

describe('loadUserInfo', () => {
  it('adds claims to the session before signIn() resolves; those of the ID token win', async () => {
    const { auth, types } = startApp(
      [() => Response.json({ sub: 'ada', name: 'Ada', email: 'ada@example.com', iss: 'https://evil', exp: 1 })],
      { claims: { name: 'Ada L.' } },
    ).tab()
    await auth.signIn()
    const { claims } = auth.session ?? {}
    expect(claims).toMatchObject({ sub: 'ada', name: 'Ada L.', email: 'ada@example.com', iss: 'https://as.example' })
    expect(claims?.exp).toBeGreaterThan(1)
    expect(types()).toEqual(expect.arrayContaining(['session_started', 'user_info_received', 'session_changed']))
  })

  it('adds them before start() resolves', async () => {
    const app = startApp()
    const { auth } = app.tab({ silent: silently(travelBy((url) => app.server.visit(url))) })
    await expect(auth.start()).resolves.toMatchObject({ session: { claims: { sub: 'ada', name: 'Ada' } } })
  })

  it('keeps them in the store', async () => {
    const app = startApp()
    await app.tab().auth.signIn()
    const { auth } = app.tab()
    await expect(auth.restore()).resolves.toHaveProperty('claims.name', 'Ada')
    expect(app.visits).toHaveLength(1)
  })

  it.each(failing)('leaves the session as it is where the response %s', async (_, answer, code) => {
    const { auth, events } = startApp([answer]).tab()
    await expect(auth.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
    expect(auth.session?.claims).toMatchObject({ sub: 'ada' })
    expect(auth.session?.claims).not.toHaveProperty('name')
    expect(events.filter(({ type }) => type.startsWith('user_info'))).toMatchObject([
      { type: 'user_info_requested' },
      { type: 'user_info_failed', code },
    ])
    expect(events.map(({ type }) => type)).not.toContain('session_ended')
  })

  it('leaves a session without an ID token as it is', async () => {
    const { auth } = startApp().tab({ scope: 'orders' })
    await auth.signIn()
    expect(auth.session).toMatchObject({ claims: undefined, scope: 'orders' })
  })

  it('keeps them over a refresh, with and without a new ID token', async () => {
    const app = startApp([], { claims: {} })
    const { auth } = app.tab()
    await auth.signIn()
    for (const id_token of [undefined, '']) {
      app.server.faults.token = id_token === undefined ? {} : { id_token: undefined }
      await auth.getAccessToken({ fresh: true })
      expect(auth.session?.claims).toMatchObject({ sub: 'ada', name: 'Ada' })
    }
    expect(app.visits).toHaveLength(1)
  })

  describe('and a silent renewal', () => {
    /** A session that is renewed by a silent sign-in, at its time to be renewed. */
    async function atRenewal() {
      const app: ReturnType<typeof startApp> = startApp([], {
        token: { refresh_token: undefined, expires_in: 300 },
        claims: { amr: ['pwd'], session_expiry: Math.floor(Date.now() / 1000) + 3600 },
      })
      const tab = app.tab({ silent: silently(travelBy((url) => app.server.visit(url))) })
      await tab.auth.signIn()
      later(300)
      return { ...app, ...tab }
    }

    it('keeps them, and requests none', async () => {
      const { auth, visits } = await atRenewal()
      const token = await auth.getAccessToken()
      expect(auth.session?.claims).toMatchObject({ sub: 'ada', name: 'Ada' })
      await expect(auth.getAccessToken()).resolves.toBe(token)
      expect(visits).toHaveLength(1)
    })

    it('keeps none that say how and when the user signed in', async () => {
      const { auth, server } = await atRenewal()
      server.faults.claims = { amr: undefined, auth_time: undefined, session_expiry: undefined }
      await auth.getAccessToken()
      for (const claim of ['amr', 'auth_time', 'session_expiry']) expect(auth.session?.claims).not.toHaveProperty(claim)
      expect(auth.session?.claims).toHaveProperty('name', 'Ada')
    })

    it('never shows the session without them', async () => {
      const { auth } = await atRenewal()
      const names: unknown[] = []
      auth.subscribe(() => names.push(auth.session?.claims?.['name']))
      await auth.getAccessToken()
      expect(new Set(names)).toEqual(new Set(['Ada']))
    })
  })

  it('adds them where the access token is refreshed in the meantime', async () => {
    const app = startApp([() => new Response('', { status: 401 })])
    const { auth } = app.tab()
    await auth.signIn()
    expect(app.refreshes()).toBe(1)
    expect(auth.session?.claims).toHaveProperty('name', 'Ada')
  })

  it('returns no result of a session that has ended meanwhile', async () => {
    const gate = createGate()
    const { visits, tab } = startApp([() => gate.released.then(() => Response.json({ sub: 'ada' }))])
    const { auth } = tab()
    const signingIn = refusal(auth.signIn(), 'login_required')
    await until(() => visits.length)
    await auth.signOut({ atServer: false })
    gate.release()
    await signingIn
    expect(auth.session).toBeUndefined()
  })

  it('brings no claims of a session that has ended meanwhile', async () => {
    const gate = createGate()
    const app = startApp([() => gate.released.then(() => Response.json({ sub: 'ada', name: 'Ada' }))])
    const { auth } = app.tab()
    const signingIn = auth.signIn().catch(() => {})
    await expect.poll(() => app.visits.length).toBe(1)
    await auth.signOut({ atServer: false })
    gate.release()
    await signingIn
    expect(auth.session).toBeUndefined()
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })
})

describe('a copy of the client', () => {
  it.each<[string, (app: SessionApp) => unknown]>([
    ['createApiFetch', (app) => createApiFetch({ ...app.tab().auth })],
    ['getUserInfo', (app) => getUserInfo({ ...app.tab().auth })],
  ])('is refused by %s', async (_, use) => {
    const app = start()
    const error = await refusal(() => use(app), 'config_invalid')
    expect(error.message).toContain('not a copy')
  })

  it('is refused by getUserInfo as by any function that returns a promise', async () => {
    const refused = getUserInfo({ ...start().tab().auth })
    await refusal(refused, 'config_invalid')
  })
})
