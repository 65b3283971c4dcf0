import { afterEach, describe, expect, it } from 'vitest'
import { createApiFetch, createSessionClient, dpop } from '../../src/index.js'
import { type FakeSession, type FakeSessionOptions, fakeSession } from '../../src/testing.js'

const API = 'https://api.example'
const open: FakeSession[] = []
afterEach(() => {
  for (const fake of open.splice(0)) fake.close()
})

async function start(options: FakeSessionOptions = {}): Promise<FakeSession> {
  const fake = await fakeSession({ ...options, config: { apis: { [API]: {} }, ...options.config } })
  open.push(fake)
  return fake
}
/** How sessions have ended. */
const ends = ({ events }: FakeSession) =>
  events.flatMap((event) => (event.type === 'session_ended' ? event.reason : []))

describe('fakeSession', () => {
  it('is signed in, with these claims and this scope', async () => {
    const { auth } = await start({ claims: { sub: 'bob', name: 'Bob' }, scope: 'openid orders' })
    expect(auth.session).toMatchObject({ claims: { sub: 'bob', name: 'Bob' }, scope: 'openid orders' })
    expect(await auth.getAccessToken()).toMatch(/^access-/)
  })

  it('has the type of the client of an app', async () => {
    const inApp = (auth: ReturnType<typeof createSessionClient>) => auth.session?.claims?.sub
    expect(inApp((await start()).auth)).toBe('ada')
    const config = { issuer: 'https://as.example', clientId: 'app', redirectUri: 'https://app.example/callback' }
    const bearer = createSessionClient(config)
    const fake = await fakeSession()
    open.push(fake)
    const taken: typeof bearer = fake.auth
    expect(taken.session?.claims?.name).toBe('Ada Lovelace')
  })

  it('starts with nobody, and the app signs in', async () => {
    const { auth, events } = await start({ start: 'nobody' })
    expect(auth.session).toBeUndefined()
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'login_required' })
    await auth.signIn()
    expect(auth.session?.claims?.sub).toBe('ada')
    expect(events.map(({ type }) => type)).toContain('session_started')
  })

  it('signs in as another user', async () => {
    const fake = await start()
    await fake.signInAs({ sub: 'bob' })
    expect(fake.auth.session?.claims).toMatchObject({ sub: 'bob' })
    expect(ends(fake)).toEqual(['replaced'])
  })

  it('refreshes once the access token has expired', async () => {
    const { auth, expireAccessTokens } = await start()
    const before = await auth.getAccessToken()
    expect(await auth.getAccessToken()).toBe(before)
    await expireAccessTokens()
    expect(auth.session).toBeDefined()
    expect(await auth.getAccessToken()).not.toBe(before)
  })

  it('expires', async () => {
    const fake = await start()
    await fake.expire()
    expect(fake.auth.session).toBeUndefined()
    expect(ends(fake)).toEqual(['expired'])
    await expect(fake.auth.getAccessToken()).rejects.toMatchObject({ code: 'login_required' })
  })

  it('is refused', async () => {
    const fake = await start()
    await fake.refuseRefresh()
    expect(fake.auth.session).toBeDefined()
    await expect(fake.auth.getAccessToken()).rejects.toMatchObject({ code: 'token_request_refused' })
    expect(fake.auth.session).toBeUndefined()
    expect(ends(fake)).toEqual(['refused'])
  })

  it('is offline, and online again', async () => {
    const { auth, goOffline, goOnline, expireAccessTokens } = await start()
    await expireAccessTokens()
    goOffline()
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'network_error' })
    expect(auth.session).toBeDefined()
    goOnline()
    expect(await auth.getAccessToken()).toMatch(/^access-/)
  })

  it('is signed out in another tab', async () => {
    const fake = await start()
    const accessToken = await fake.auth.getAccessToken()
    await fake.signOutInAnotherTab()
    expect(fake.auth.session).toBeUndefined()
    expect(ends(fake)).toEqual(['elsewhere'])
    expect(fake.server.introspect(accessToken)).toBeUndefined()
  })

  it('answers the APIs, with what the token stands for', async () => {
    const { auth, answer } = await start({ api: (request, grant) => Response.json([request.method, grant?.user.sub]) })
    const fetch = createApiFetch(auth)
    expect(await (await fetch(`${API}/orders`, { method: 'POST', body: 'x' })).json()).toEqual(['POST', 'ada'])
    answer(async (request) => new Response(await request.text(), { status: 201 }))
    const answered = await fetch(`${API}/orders`, { method: 'POST', body: '{"a":1}' })
    expect([answered.status, await answered.text()]).toEqual([201, '{"a":1}'])
  })

  it('hands binary bodies to the API as they are', async () => {
    const bytes = [255, 0, 254]
    const { auth } = await start({ api: async (request) => new Response(await request.arrayBuffer()) })
    const response = await createApiFetch(auth)(`${API}/files`, { method: 'POST', body: new Uint8Array(bytes) })
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(bytes)
  })

  it('asks for step-up, which a sign-in satisfies', async () => {
    const { auth, requireStepUp } = await start({ api: () => Response.json('paid') })
    const fetch = createApiFetch(auth)
    requireStepUp({ acrValues: 'mfa' })
    const error = await fetch(`${API}/pay`).catch((error) => error)
    expect(error).toMatchObject({ code: 'step_up_required', requirements: { acrValues: 'mfa' } })
    await error.signIn()
    expect(auth.session?.claims?.['acr']).toBe('mfa')
    expect(await (await fetch(`${API}/pay`)).json()).toBe('paid')
  })

  it('signs out, also at the server', async () => {
    const fake = await start({ config: { postLogoutRedirectUri: 'https://app.test/bye' } })
    await fake.auth.signOut()
    expect(ends(fake)).toEqual(['signed_out'])
    expect(fake.navigations[0]).toMatch(/^https:\/\/as-\w+\.test\/end-session\?/)
    const back = await fake.server.visit(fake.navigations[0] ?? '')
    expect(await fake.auth.handleSignedOut(back.href)).toEqual({ returnTo: '/' })
  })

  it('binds tokens to a key with dpop', async () => {
    const { auth, server, expireAccessTokens, close } = await fakeSession({ config: { dpop: dpop() } })
    const { jkt } = server.introspect(await auth.getAccessToken()) ?? {}
    expect(jkt).toMatch(/^[\w-]{43}$/)
    await expireAccessTokens()
    expect(server.introspect(await auth.getAccessToken())?.jkt).toBe(jkt)
    close()
  })

  it('shows the faults of its server', async () => {
    const { auth, server, expireAccessTokens } = await start()
    await expireAccessTokens()
    server.next('token', { status: 503 })
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'token_response_invalid' })
    expect(auth.session).toBeDefined()
  })
})
