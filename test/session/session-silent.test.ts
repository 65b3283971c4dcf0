// @vitest-environment happy-dom
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  memorySessions,
  ProofkeyError,
  type SessionStore,
  type SilentUserAgent,
  sealedSessions,
} from '../../src/index.js'
import { defineProvider } from '../../src/providers.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { createGate, later, type SessionApp, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

const { start } = useSessionApps()

/** Signs in whomever the server knows, as a frame does; `gate` holds it back at the server. */
function silentAt(app: () => SessionApp, gate = Promise.resolve()) {
  const asked: URL[] = []
  const silent = silently(
    travelBy(async (url) => {
      asked.push(url)
      await gate
      return app().server.visit(url)
    }, 'frame'),
  )
  return { silent, asked }
}

const brief = (): Faults => ({ token: { refresh_token: undefined, expires_in: 300 } })
const living = ({ server }: SessionApp) =>
  server.issued.filter((token) => /^(access|refresh)/.test(token) && server.isActive(token))

describe('a silent sign-in for a session, in place of a refresh', () => {
  it('is a refresh to whoever listens, and no sign-in', async () => {
    const app: SessionApp = start(brief(), { ...silentAt(() => app) })
    const { auth, types, events } = app.tab()
    await auth.signIn()
    later(300)
    await auth.getAccessToken()
    expect(types().filter((type) => type === 'session_started')).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ type: 'tokens_refreshed', scope: 'openid' })
  })

  it.each<[string, () => SessionStore, 'the same tab' | 'another tab']>([
    ['memory', memorySessions, 'the same tab'],
    ['sealed', sealedSessions, 'the same tab'],
    ['sealed', sealedSessions, 'another tab'],
  ])('does not undo a sign-out, and what came late is revoked: %s, %o, in %s', async (_, sessionStore, where) => {
    const gate = createGate()
    const { silent, asked } = silentAt(() => app, gate.released)
    const app: SessionApp = start(brief(), { silent })
    const tab = () => app.tab({ sessionStore: sessionStore() })
    const { auth } = tab()
    await auth.signIn()
    const leaving = where === 'the same tab' ? auth : tab().auth
    if (leaving !== auth) await leaving.restore()
    later(300)
    const asking = refusal(auth.getAccessToken(), 'login_required')
    await until(() => asked.length)
    await leaving.signOut({ atServer: false })
    gate.release()
    await asking
    await delay(20)
    expect(auth.session).toBeUndefined()
    await expect(app.tab({ silent: undefined }).auth.restore()).resolves.toBeUndefined()
    // The server of this test gives a refresh token that it does not show: it is not there to be revoked.
    expect(living(app).filter((token) => token.startsWith('access-'))).toEqual([])
  })

  it('that finds the same sub of another issuer ends it too: sub is unique at one issuer only', async () => {
    const provider = defineProvider({
      name: 'Tenants',
      reason: 'Each tenant has an issuer of its own.',
      issuerOf: ({ tenant = '' }) => `https://as.example${tenant}`,
    })
    const app: SessionApp = start(brief(), { ...silentAt(() => app), provider })
    const { auth, events } = app.tab()
    await auth.signIn()
    later(300)
    app.server.faults.claims = { iss: 'https://as.example/two', tenant: '/two' }
    await refusal(auth.getAccessToken(), 'login_required')
    expect(auth.session).toBeUndefined()
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'refused' }))

    // The sign-in of such a user replaces the session, and its tokens are revoked.
    await auth.signIn()
    app.server.faults.claims = {}
    await auth.signIn()
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'replaced' }))
    expect(auth.session?.claims?.iss).toBe('https://as.example')
  })

  it('that finds somebody else at the server ends the session, and gives nobody their token', async () => {
    const app: SessionApp = start(brief(), { ...silentAt(() => app) })
    const { auth, events } = app.tab()
    await auth.signIn()
    later(300)
    app.server.faults.claims = { sub: 'bob' }
    await refusal(auth.getAccessToken(), 'login_required')
    expect(auth.session).toBeUndefined()
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'refused' }))
    const [bobs] = app.server.issued.filter((token) => token.startsWith('access-')).slice(-1)
    expect(app.server.isActive(bobs ?? '')).toBe(false)
  })

  it('gives way to a sign-in meanwhile, and revokes nothing', async () => {
    const gate = createGate()
    const { silent, asked } = silentAt(() => app, gate.released)
    const app: SessionApp = start(brief(), { silent })
    const { auth } = app.tab()
    await auth.signIn()
    later(300)
    const asking = auth.getAccessToken().catch(() => {})
    await until(() => asked.length)
    await auth.signIn({ scope: 'openid orders' })
    gate.release()
    await asking
    expect(auth.session?.scope).toBe('openid orders')
    expect(app.server.requests.some(({ url }) => url.endsWith('/revoke'))).toBe(false)
  })

  it('is not made where nobody can tell whose session it is', async () => {
    const { silent, asked } = silentAt(() => app)
    const app: SessionApp = start({ token: { ...brief().token, id_token: undefined } }, { silent })
    const { auth } = app.tab()
    await auth.signIn({ scope: 'orders' })
    later(300)
    await refusal(auth.getAccessToken(), 'login_required')
    expect(asked).toEqual([])
    expect(auth.session).toBeUndefined()
  })

  it('asks for an ID token also where the server does not list openid as granted', async () => {
    const { silent, asked } = silentAt(() => app)
    const app: SessionApp = start({ token: { ...brief().token, scope: 'orders' } }, { silent, scope: 'openid orders' })
    const { auth } = app.tab()
    await auth.signIn()
    later(300)
    await expect(auth.getAccessToken()).resolves.toEqual(expect.any(String))
    expect(asked[0]?.searchParams.get('scope')?.split(' ').sort()).toEqual(['openid', 'orders'])
  })

  it('that the server refuses ends the session', async () => {
    const silent: SilentUserAgent = {
      name: 'frame',
      silent: true,
      open: async () => {
        throw new ProofkeyError('login_required', 'Nobody is signed in at the server.')
      },
    }
    const { auth, events } = start(brief(), { silent }).tab()
    await auth.signIn()
    later(3600)
    await refusal(auth.getAccessToken(), 'login_required')
    expect(auth.session).toBeUndefined()
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'refused' }))
  })
})

describe('restore, where the store has nothing', () => {
  it('asks the server once, however often it is called (StrictMode)', async () => {
    const { silent, asked } = silentAt(() => app)
    const app: SessionApp = start({}, { silent })
    const { auth } = app.tab()
    const [one, other] = await Promise.all([auth.restore(), auth.restore()])
    expect(one).toBeDefined()
    expect(other).toBe(one)
    expect(asked).toHaveLength(1)
  })

  it('does not take the place of who signs in meanwhile', async () => {
    const gate = createGate()
    const { silent, asked } = silentAt(() => app, gate.released)
    const app: SessionApp = start({}, { silent })
    const { auth } = app.tab()
    const restoring = auth.restore()
    await until(() => asked.length)
    await auth.signIn()
    app.server.faults.claims = { sub: 'bob' }
    gate.release()
    await expect(restoring).resolves.toMatchObject({ claims: { sub: 'ada' } })
    expect(auth.session?.claims?.sub).toBe('ada')
  })

  it('of a session that was not used for too long signs nobody in', async () => {
    const { silent, asked } = silentAt(() => app)
    const app: SessionApp = start({}, { silent, idleSeconds: 600 })
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
    later(601)
    for (let load = 0; load < 3; load++) await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    expect(asked).toHaveLength(1)
    const { auth } = app.tab()
    await auth.signIn()
    later(599)
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it('asks for a sign-in within absoluteSeconds, and counts from that', async () => {
    const { silent, asked } = silentAt(() => app)
    const app: SessionApp = start({}, { silent, absoluteSeconds: 600, sessionStore: memorySessions() })
    const signedInAt = Math.floor(Date.now() / 1000)
    app.server.faults.claims = { auth_time: signedInAt }
    const reload = () => app.tab({ sessionStore: memorySessions() }).auth
    await reload().restore()
    later(500)
    const auth = reload()
    const { startedAtMs } = (await auth.restore()) ?? {}
    expect(Math.floor(Number(startedAtMs) / 1000)).toBe(signedInAt)
    expect(asked.map(({ searchParams }) => searchParams.get('max_age'))).toEqual(['600', '600'])
    later(101)
    expect(auth.session).toBeUndefined()
    // A server that does not care is not believed.
    await expect(reload().restore()).resolves.toBeUndefined()
  })
})
