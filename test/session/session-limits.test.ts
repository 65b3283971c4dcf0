// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { createApiFetch, memorySessions, type SessionStore, sealedSessions } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import { API, type Faults } from '../helpers/server.js'
import { later, OWNER, textIn, useSessionApps } from '../helpers/session-app.js'
import { until } from '../helpers/until.js'

const { start, channels } = useSessionApps()

describe('limits', () => {
  it.each(['idleSeconds', 'absoluteSeconds'])('are numbers of seconds: %s', async (name) => {
    for (const value of [Number.NaN, -1, 0, null, '1h'])
      await refusal(() => start({}, { [name]: value as number }).tab(), 'config_invalid')
    expect(() => start({}, { [name]: 30 * 86_400 }).tab()).not.toThrow()
  })

  it('count a sign-in over a session as a use of it', async () => {
    const { auth } = start({}, { idleSeconds: 600 }).tab()
    await auth.signIn()
    later(599)
    await auth.signIn()
    later(2)
    expect(auth.session).toBeDefined()
  })

  it('hold again when a clock that was ahead is right', async () => {
    const { auth } = start({}, { idleSeconds: 600 }).tab()
    await auth.signIn()
    later(86_400)
    const aheadMs = Date.now()
    await auth.signIn()
    await until(async () => (await textIn(sealedSessions(), `${OWNER} active`)) === `${aheadMs}`)
    later(-86_400)
    await auth.getAccessToken()
    later(601)
    await expect(auth.restore()).resolves.toBeUndefined()
  })
})

describe('a session without a refresh token', () => {
  const none = (): Faults => ({ token: { refresh_token: undefined } })

  it.each<[string, () => SessionStore]>([
    ['memory', memorySessions],
    ['sealed', sealedSessions],
  ])('ends with its access token, and somebody hears of it: %s', async (_, store) => {
    const { auth, events } = start(none()).tab({ sessionStore: store() })
    await auth.signIn()
    later(3599)
    await auth.getAccessToken()
    expect(auth.session).toBeDefined()
    later(2)
    expect(auth.session).toBeUndefined()
    await refusal(auth.getAccessToken(), 'login_required')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'expired' }))
  })

  it('goes on for as long as the server does not say that it ends', async () => {
    const { auth } = start({ token: { refresh_token: undefined, expires_in: undefined } }).tab()
    await auth.signIn()
    later(1e6)
    expect(await auth.getAccessToken()).toMatch(/^access-/)
  })

  it('gives the token at hand to the end, and hands the 401 of an API back', async () => {
    const app = start({ ...none(), api: () => new Response('no', { status: 401 }) })
    const { auth } = app.tab()
    await auth.signIn()
    const token = await auth.getAccessToken()
    later(3595)
    expect(await auth.getAccessToken()).toBe(token)
    expect((await createApiFetch(auth)(API)).status).toBe(401)
    expect(auth.session).toBeDefined()
  })

  it('has no token for another resource, and says what is missing', async () => {
    const { auth } = start(none()).tab()
    await auth.signIn()
    await refusal(auth.getAccessToken({ resource: 'https://one.example' }), 'interaction_required')
    expect(auth.session).toBeDefined()
  })
})

describe('a clock', () => {
  it('that is wrong for a while costs nobody the session, nor the newer refresh token', async () => {
    const app = start()
    const { auth, types } = app.tab()
    await auth.signIn()
    const serverNow = Math.floor(Date.now() / 1000)
    later(7200)
    app.server.faults.claims = { iat: serverNow + 5, exp: serverNow + 305, auth_time: serverNow }
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
    expect(auth.session).toBeDefined()
    later(3600)
    app.server.faults.claims = { iat: 1 }
    await refusal(auth.getAccessToken(), 'id_token_invalid')
    expect(auth.session).toBeDefined()
    expect(types()).not.toContain('session_ended')
    delete app.server.faults.claims
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
    expect(app.server.reused).toEqual([])
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })
})

it('words of use reach the other tabs', async () => {
  const app = start({}, { idleSeconds: 600 })
  const [used, idle] = [app.tab(), app.tab()]
  await used.auth.signIn()
  await idle.auth.restore()
  later(599)
  await used.auth.getAccessToken()
  await until(() => channels().posted.some((message) => JSON.stringify(message).includes('active')))
  channels().deliver()
  later(2)
  expect(idle.auth.session).toBeDefined()
})
