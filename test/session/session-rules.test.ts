// @vitest-environment happy-dom
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createApiFetch, createSessionClient, frame, popup, redirect, sealedSessions } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import { API } from '../helpers/server.js'
import { later, type SessionApp, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

const { start } = useSessionApps()

/** Signs in at the server of an app, and notes the authorization requests. */
function traveller(app: () => SessionApp, name: string) {
  const sent: URLSearchParams[] = []
  const userAgent = travelBy((url) => {
    sent.push(url.searchParams)
    return app().server.visit(url)
  }, name)
  return { userAgent, sent }
}

describe('a silent sign-in', () => {
  it('needs the scope openid: without it nobody can be told apart', () => {
    const config = { issuer: 'https://as.example', clientId: 'spa', redirectUri: 'https://app.example/callback' }
    const silent = silently(travelBy((url) => url, 'frame'))
    expect(() => createSessionClient({ ...config, scope: 'orders', silent })).toThrow(/openid/)
    expect(() => createSessionClient({ ...config, silent })).toThrow(/openid/)
  })

  it.each<[string, unknown]>([
    ['popup()', popup()],
    ['redirect()', redirect()],
    ['another user agent', travelBy((url) => url)],
    ['a name', 'frame'],
  ])('needs a user agent that shows nothing, and not %s', async (_, silent) => {
    const config = { issuer: 'https://as.example', clientId: 'spa', redirectUri: 'https://app.example/callback' }
    const make = (silent: unknown) => createSessionClient({ ...config, scope: 'openid', silent: silent as never })
    make(frame()).close()
    const error = await refusal(() => make(silent), 'config_invalid')
    expect(error.message).toMatch(/silent: must be frame\(\)/)
    await refusal(() => createSessionClient({ ...config, userAgent: frame() as never }), 'config_invalid')
  })

  it('asks for the scope, the acr and the resource of the session, also after a step-up', async () => {
    const [person, frame] = [traveller(() => app, 'person'), traveller(() => app, 'frame')]
    const app: SessionApp = start(
      { token: { refresh_token: undefined, expires_in: 300 } },
      { userAgent: person.userAgent, silent: silently(frame.userAgent), resource: 'https://api.example/one' },
    )
    const { auth } = app.tab()
    app.server.faults.claims = { acr: 'high' }
    await auth.signIn({ scope: 'openid orders', acrValues: 'high' })
    later(300)
    await auth.getAccessToken()
    expect(Object.fromEntries(frame.sent[0] ?? [])).toMatchObject({
      prompt: 'none',
      scope: 'openid orders',
      acr_values: 'high',
      resource: 'https://api.example/one',
    })
    expect(auth.session?.scope).toBe('openid orders')
  })

  it('sends no max_age where there is no limit', async () => {
    const frame = traveller(() => app, 'frame')
    const app: SessionApp = start({}, { silent: silently(frame.userAgent), absoluteSeconds: Number.POSITIVE_INFINITY })
    await app.tab().auth.restore()
    expect(frame.sent[0]?.has('max_age')).toBe(false)
  })
})

it('a sign-in without auth_time counts as new for absoluteSeconds', async () => {
  const app = start({ claims: { auth_time: undefined } }, { absoluteSeconds: 1000 })
  const { auth } = app.tab()
  await auth.signIn()
  later(900)
  await auth.signIn()
  later(900)
  await auth.restore()
  expect(auth.session).toBeDefined()
  later(200)
  await auth.restore()
  expect(auth.session).toBeUndefined()
})

it('a newer auth_time of a refresh is reported, and the session keeps its own', async () => {
  const app = start()
  const { auth, types } = app.tab()
  await auth.signIn()
  const authTime = auth.session?.claims?.auth_time ?? 0
  app.server.faults.claims = { auth_time: authTime + 3600 }
  later(3600)
  await auth.getAccessToken()
  expect(types()).toContain('auth_time_changed')
  expect(auth.session?.claims?.auth_time).toBe(authTime)
})

it('a token with less scope is known as such: the API’s challenge asks for a sign-in', async () => {
  const challenge = 'Bearer error="insufficient_scope", scope="orders"'
  const app = start({ api: () => new Response(null, { status: 403, headers: { 'www-authenticate': challenge } }) })
  const { auth } = app.tab()
  await auth.signIn()
  app.server.faults.token = { refresh_token: undefined }
  await auth.signIn({ scope: 'openid orders' })
  // The refresh token is of the first sign-in.
  app.server.faults.token = { scope: 'openid' }
  later(3600)
  const error = await refusal(createApiFetch(auth)(API), 'insufficient_scope')
  app.server.faults.token = {}
  await error.signIn?.()
  expect(auth.session?.scope).toBe('openid orders')
})

it('an end without metadata is an end, and says which tokens may remain valid', async () => {
  const app = start({}, { sessionStore: sealedSessions(), metadataLifetimeSeconds: 1 })
  const { auth } = app.tab()
  await auth.signIn()
  const offline = app.tab({ fetch: () => Promise.reject(new TypeError('offline')) })
  await offline.auth.restore()
  await offline.auth.signOut()
  expect(offline.auth.session).toBeUndefined()
  await until(() => !auth.session)
  const failures = offline.events.filter(({ type }) => type === 'revocation_failed')
  expect(failures).toMatchObject([
    { token: 'access_token', code: 'network_error' },
    { token: 'refresh_token', code: 'network_error' },
  ])
})

describe('access_token_expiring', () => {
  const expiring = ({ events }: ReturnType<SessionApp['tab']>) =>
    events.flatMap((event) => (event.type === 'access_token_expiring' ? [event.renewable] : []))

  it.each([
    ['a refresh token', {}, true],
    ['none', { refresh_token: undefined }, false],
  ])('is reported once for a token, with %s', async (_, token, renewable) => {
    const app = start({ token: { expires_in: 300, ...token } })
    const tab = app.tab()
    await tab.auth.signIn()
    later(299)
    document.dispatchEvent(new Event('visibilitychange'))
    await until(() => expiring(tab).length > 0)
    document.dispatchEvent(new Event('visibilitychange'))
    await delay(20)
    expect(expiring(tab)).toEqual([renewable])
  })
})
