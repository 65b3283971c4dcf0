import { describe, expect, it, vi } from 'vitest'
import {
  type ClientConfig,
  checkIdTokenSignature,
  createClient,
  createSessionClient,
  dpop,
  getUserInfo,
  memoryVault,
  pushed,
} from '../../src/index.js'
import { ATTACKERS_VERIFIER } from '../../src/testing/server/attacks.js'
import {
  type AttackName,
  attacks,
  createTestServer,
  type TestServer,
  type TestServerOptions,
  testUserAgent,
} from '../../src/testing.js'

const REDIRECT_URI = 'https://app.example/callback'

function clientOf(server: TestServer, config: Partial<ClientConfig> = {}) {
  const { issuer, fetch } = server
  const common = { issuer, fetch, clientId: 'app', redirectUri: REDIRECT_URI, scope: 'openid' }
  return createClient({
    ...common,
    vault: memoryVault(),
    userAgent: testUserAgent(server),
    signature: checkIdTokenSignature,
    ...config,
  })
}
const start = (options: TestServerOptions = {}, config: Partial<ClientConfig> = {}) => {
  const server = createTestServer(options)
  return { server, auth: clientOf(server, config) }
}
const post = (server: TestServer, path: string, parameters: Record<string, string>, headers = {}) =>
  server.fetch(`${server.issuer}${path}`, { method: 'POST', body: new URLSearchParams(parameters), headers })
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const asked = (server: TestServer, more: Record<string, string> = {}) =>
  `${server.issuer}/authorize?${new URLSearchParams({ response_type: 'code', client_id: 'app', redirect_uri: REDIRECT_URI, code_challenge: CHALLENGE, code_challenge_method: 'S256', ...more })}`
const codeIn = (callback: URL) => callback.searchParams.get('code') ?? ''
const redeem = (server: TestServer, code: string, more: Record<string, string> = {}) =>
  post(server, '/token', {
    grant_type: 'authorization_code',
    code,
    code_verifier: VERIFIER,
    client_id: 'app',
    redirect_uri: REDIRECT_URI,
    ...more,
  })

describe('createTestServer', () => {
  it('signs a user in, with a signature that the client verifies', async () => {
    const { auth, server } = start()
    server.approve({ sub: 'bob', email: 'bob@example.com' })
    expect((await auth.signIn())?.claims).toMatchObject({ sub: 'bob', email: 'bob@example.com', aud: 'app' })
    expect(server.requests.map(({ endpoint }) => endpoint).sort()).toEqual([
      'authorization',
      'jwks',
      'metadata',
      'token',
    ])
  })

  it('takes pushed requests, in a fragment too, and binds to a key', async () => {
    const { auth, server } = start({}, { par: pushed(), responseMode: 'fragment', dpop: dpop() })
    expect((await auth.signIn())?.tokens.tokenType).toBe('dpop')
    expect(server.requests.map(({ endpoint }) => endpoint)).toContain('par')
    const { parameters } = server.requests.find(({ endpoint }) => endpoint === 'authorization')!
    expect([...parameters.keys()].sort()).toEqual(['client_id', 'request_uri'])
  })

  it('serves UserInfo, with DPoP too', async () => {
    for (const more of [{}, { dpop: dpop() }]) {
      const server = createTestServer()
      const { issuer, fetch } = server
      const auth = createSessionClient({
        issuer,
        fetch,
        clientId: 'app',
        redirectUri: REDIRECT_URI,
        scope: 'openid',
        vault: memoryVault(),
        userAgent: testUserAgent(server),
        ...more,
      })
      await auth.signIn()
      expect(await getUserInfo(auth)).toMatchObject({ sub: 'ada', name: 'Ada Lovelace' })
      auth.close()
    }
  })

  it.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_grant'],
    ['another redirect URI', { redirect_uri: 'https://app.example/other' }, 'invalid_grant'],
    ['another client', { client_id: 'other' }, 'invalid_grant'],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('refuses a code with %s', async (_, more, error) => {
    const server = createTestServer()
    const response = await redeem(server, codeIn(await server.visit(asked(server))), more)
    expect([response.status, await response.json()]).toEqual([400, { error }])
  })

  it('takes a code once, and a second time ends its tokens', async () => {
    const server = createTestServer()
    const code = codeIn(await server.visit(asked(server)))
    const { access_token } = await (await redeem(server, code)).json()
    expect(server.introspect(access_token)?.user.sub).toBe('ada')
    expect((await redeem(server, code)).status).toBe(400)
    expect(server.introspect(access_token)).toBeUndefined()
  })

  it('rotates refresh tokens: a spent one ends the family', async () => {
    const server = createTestServer()
    const first = await (await redeem(server, codeIn(await server.visit(asked(server))))).json()
    const refresh = (refresh_token: string) =>
      post(server, '/token', { grant_type: 'refresh_token', refresh_token, client_id: 'app' })
    const second = await (await refresh(first.refresh_token)).json()
    expect(server.introspect(second.access_token)).toBeDefined()
    expect((await refresh(first.refresh_token)).status).toBe(400)
    expect(server.introspect(second.access_token)).toBeUndefined()
    expect((await refresh(second.refresh_token)).status).toBe(400)
  })

  it('says what came again after its use', async () => {
    const server = createTestServer()
    const code = codeIn(await server.visit(asked(server)))
    const { refresh_token } = await (await redeem(server, code)).json()
    const parameters = { grant_type: 'refresh_token', refresh_token, client_id: 'app' }
    await post(server, '/token', { ...parameters, refresh_token: 'never-issued' })
    await post(server, '/token', parameters)
    expect(server.reused).toEqual([])
    await post(server, '/token', parameters)
    await redeem(server, code)
    expect(server.reused).toEqual([refresh_token, code])
  })

  it('narrows the scope of a refresh, and not beyond it', async () => {
    const server = createTestServer()
    const code = codeIn(await server.visit(asked(server, { scope: 'openid orders' })))
    const tokens = await (await redeem(server, code)).json()
    const refresh = async (refresh_token: string, scope: string) => {
      const parameters = { grant_type: 'refresh_token', refresh_token, client_id: 'app', ...(scope && { scope }) }
      return (await post(server, '/token', parameters)).json()
    }
    const narrow = await refresh(tokens.refresh_token, 'orders')
    expect([narrow.scope, server.introspect(narrow.access_token)?.scope]).toEqual(['orders', 'orders'])
    const whole = await refresh(narrow.refresh_token, '')
    expect(whole.scope).toBe('openid orders')
    expect(await refresh(whole.refresh_token, 'orders admin')).toEqual({ error: 'invalid_scope' })
    // A refused request spends no token.
    expect((await refresh(whole.refresh_token, '')).scope).toBe('openid orders')
    expect(server.reused).toEqual([])
  })

  it('lists every code and token it has issued', async () => {
    const server = createTestServer()
    const code = codeIn(await server.visit(asked(server, { scope: 'openid' })))
    const { access_token, refresh_token, id_token } = await (await redeem(server, code)).json()
    expect(server.issued).toEqual([
      { kind: 'code', value: code },
      { kind: 'access_token', value: access_token },
      { kind: 'refresh_token', value: refresh_token },
      { kind: 'id_token', value: id_token },
    ])
  })

  it('ends a token alone, or with a refresh token all of its sign-in', async () => {
    const server = createTestServer()
    const signIn = async () => (await redeem(server, codeIn(await server.visit(asked(server))))).json()
    const [one, other] = [await signIn(), await signIn()]
    const active = () =>
      [one, other].flatMap((tokens) => [tokens.access_token, tokens.refresh_token]).map(server.isActive)
    expect(active()).toEqual([true, true, true, true])
    server.revoke(one.access_token)
    expect(active()).toEqual([false, true, true, true])
    server.revoke(other.refresh_token)
    expect(active()).toEqual([false, true, false, false])
  })

  it('has its endpoints where the metadata says', async () => {
    const metadata = {
      token_endpoint: 'https://tokens.test/here?tenant=1',
      revocation_endpoint: undefined,
      id_token_signing_alg_values_supported: ['PS256', 'RS256'],
    }
    const { auth, server } = start({ metadata })
    expect((await auth.signIn())?.claims?.sub).toBe('ada')
    expect(server.requests.map(({ url }) => url)).toContain('https://tokens.test/here?tenant=1')
    expect((await post(server, '/token', {})).status).toBe(404)
    expect((await post(server, '/revoke', {})).status).toBe(404)
    const { keys } = await (await server.fetch(`${server.issuer}/jwks`)).json()
    expect(keys).toEqual([expect.objectContaining({ kty: 'RSA', alg: 'RS256' })])
  })

  it('demands PKCE with S256', async () => {
    const server = createTestServer()
    for (const more of [{ code_challenge: '' }, { code_challenge_method: 'plain' }])
      expect((await server.visit(asked(server, more))).searchParams.get('error')).toBe('invalid_request')
  })

  it('knows its clients: redirect URIs and secrets', async () => {
    const server = createTestServer({ clients: { app: { redirectUris: [REDIRECT_URI], secret: 's:ecret' } } })
    await expect(server.visit(asked(server, { redirect_uri: 'https://evil.example/' }))).rejects.toThrow(
      'is not registered',
    )
    await expect(server.visit(asked(server, { client_id: 'constructor' }))).rejects.toThrow('is not known')
    const code = codeIn(await server.visit(asked(server)))
    expect((await redeem(server, code)).status).toBe(401)
    expect((await redeem(server, code, { client_secret: 'wrong' })).status).toBe(401)
    expect((await redeem(server, code, { client_secret: 's:ecret' })).status).toBe(200)
    const authorization = `Basic ${btoa('app:s%3Aecret')}`
    const again = codeIn(await server.visit(asked(server)))
    const parameters = {
      grant_type: 'authorization_code',
      code: again,
      code_verifier: VERIFIER,
      redirect_uri: REDIRECT_URI,
    }
    expect((await post(server, '/token', parameters, { authorization })).status).toBe(200)
  })

  it('refuses a redirect URI that no server could redirect to', async () => {
    const server = createTestServer()
    for (const redirect_uri of ['/callback', `${REDIRECT_URI}#part`])
      await expect(server.visit(asked(server, { redirect_uri }))).rejects.toThrow('is not a URL without a fragment')
  })

  it.each(['/token', '/par', '/revoke'])('wants a client that posts and proves itself at %s', async (path) => {
    const server = createTestServer({ clients: { app: { secret: 'secret' }, public: {} } })
    expect((await server.fetch(`${server.issuer}${path}?client_id=public`)).status).toBe(405)
    const status = async (parameters: Record<string, string>, headers = {}) =>
      (await post(server, path, { token: 'x', ...parameters }, headers)).status
    expect(await status({ client_id: 'app' })).toBe(401)
    expect(await status({ client_id: 'public', client_assertion: 'not.checked.here' })).toBe(401)
    for (const basic of ['%%%', btoa('app'), btoa('app:%zz')])
      expect(await status({}, { authorization: `Basic ${basic}` })).toBe(401)
    expect(await status({}, { authorization: `Basic ${btoa('app:secret')}` })).not.toBe(401)
    expect(await status({ client_id: 'public' })).not.toBe(401)
  })

  it('knows access tokens as long as they are valid', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const server = createTestServer({ expiresInSeconds: 60 })
      const { access_token } = await (await redeem(server, codeIn(await server.visit(asked(server))))).json()
      vi.setSystemTime(Date.now() + 59_000)
      expect(server.introspect(access_token)).toBeDefined()
      vi.setSystemTime(Date.now() + 1_000)
      expect(server.introspect(access_token)).toBeUndefined()
    } finally {
      vi.useRealTimers()
    }
  })

  it.each(['https://tenant.example/', 'https://example.com/realms/one', 'https://example.com/realms/two/'])(
    'has the issuer %s',
    async (issuer) => {
      const { auth, server } = start({ issuer })
      expect((await auth.signIn())?.claims?.iss).toBe(issuer)
      expect(server.metadata.token_endpoint).toBe(`${issuer.replace(/\/$/, '')}/token`)
    },
  )

  it('answers prompt=none only while a user is signed in', async () => {
    const server = createTestServer()
    const silent = async () => (await server.visit(asked(server, { prompt: 'none' }))).searchParams.get('error')
    expect(await silent()).toBe('login_required')
    server.approve()
    expect(await silent()).toBeNull()
    server.signOutUser()
    expect(await silent()).toBe('login_required')
  })

  it('refuses a proof of DPoP that does not fit', async () => {
    const { auth, server } = start({}, { dpop: dpop() })
    await auth.signIn()
    const proof = server.requests.find(({ endpoint }) => endpoint === 'token')?.headers.get('dpop') ?? ''
    const replayed = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'app' }
    for (const given of [proof, `${proof}x`, 'none'])
      expect(await (await post(server, '/token', replayed, { dpop: given })).json()).toEqual({
        error: 'invalid_dpop_proof',
      })
  })

  it('is a host of its own', async () => {
    const server = createTestServer()
    await expect(server.fetch('https://elsewhere.test/')).rejects.toThrow(TypeError)
    expect((await server.fetch(`${server.issuer}/elsewhere`)).status).toBe(404)
  })
})

describe('faults', () => {
  it.each([
    ['status 503', 'token', { status: 503 }, 'token_response_invalid'],
    ['no JSON', 'token', { text: '<html>' }, 'token_response_invalid'],
    ['no network', 'token', { failure: 'network' }, 'network_error'],
    ['no CORS', 'token', { failure: 'cors' }, 'network_error'],
    ['denied', 'authorization', { callback: { code: undefined, error: 'access_denied' } }, 'access_denied'],
    ['no issuer', 'metadata', { members: { issuer: 'https://other.test' } }, 'issuer_mismatch'],
  ] as const)('%s', async (_, endpoint, fault, code) => {
    const { auth, server } = start()
    server.next(endpoint, fault)
    await expect(auth.signIn()).rejects.toMatchObject({ code })
    // Only the next one.
    expect((await auth.signIn())?.claims?.sub).toBe('ada')
  })

  it('stay until they are taken back', async () => {
    const { auth, server } = start()
    server.always('token', { json: { error: 'server_error' }, status: 400 })
    for (const _ of [1, 2]) await expect(auth.signIn()).rejects.toMatchObject({ code: 'token_request_refused' })
    server.always('token')
    expect((await auth.signIn())?.claims?.sub).toBe('ada')
  })

  it('are decided at each request', async () => {
    const { auth, server } = start()
    server.always('token', ({ parameters }) => {
      if (parameters.get('grant_type') === 'refresh_token') return { status: 503 }
      return { claims: { acr: 'mfa' } }
    })
    const signedIn = await auth.signIn()
    expect(signedIn?.claims?.acr).toBe('mfa')
    const parameters = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'app' }
    expect((await post(server, '/token', parameters)).status).toBe(503)
  })

  it('are responses of the test, or what it throws', async () => {
    const { auth, server } = start()
    server.next('token', () => Response.json({ error: 'temporarily_unavailable' }, { status: 400 }))
    await expect(auth.signIn()).rejects.toMatchObject({ code: 'token_request_refused' })
    server.next('token', () => {
      throw new TypeError('socket hang up')
    })
    await expect(auth.signIn()).rejects.toMatchObject({ code: 'network_error' })
    const given = Response.redirect('https://elsewhere.test/')
    server.next('jwks', async () => given)
    expect(await server.fetch(`${server.issuer}/jwks`)).toBe(given)
    server.next('jwks', () => Response.redirect('https://elsewhere.test/'))
    const { status, headers } = await server.handle(new Request(`${server.issuer}/jwks`))
    expect([status, headers.get('access-control-allow-origin')]).toEqual([302, '*'])
  })

  it('in the header of an ID token', async () => {
    const { auth, server } = start()
    server.next('token', { joseHeader: { alg: 'none' } })
    await expect(auth.signIn()).rejects.toMatchObject({ code: 'id_token_invalid' })
  })

  it('an ID token that nobody asked for', async () => {
    const { auth, server } = start({}, { scope: 'orders' })
    expect((await auth.signIn())?.claims).toBeUndefined()
    server.next('token', { claims: { aud: 'another-client' } })
    await expect(auth.signIn()).rejects.toMatchObject({ code: 'id_token_invalid' })
  })

  it('in UserInfo', async () => {
    const server = createTestServer()
    const { access_token } = await (await redeem(server, codeIn(await server.visit(asked(server))))).json()
    const userInfo = () =>
      server.fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })
    server.next('userinfo', { members: { sub: 'mallory', name: undefined } })
    expect(await (await userInfo()).json()).toEqual({ sub: 'mallory', email: 'ada@example.com' })
    expect(await (await userInfo()).json()).toHaveProperty('sub', 'ada')
  })

  it('slow: as long as the test wants', async () => {
    const { auth, server } = start()
    let release = () => {}
    const waitFor = new Promise<void>((resolve) => {
      release = resolve
    })
    server.next('token', { waitFor })
    const signingIn = auth.signIn()
    const aborted = AbortSignal.abort(new Error('left'))
    server.next('jwks', { waitFor })
    await expect(server.fetch(`${server.issuer}/jwks`, { signal: aborted })).rejects.toThrow('left')
    release()
    expect((await signingIn)?.claims?.sub).toBe('ada')
  })
})

describe('attacks', () => {
  it.each(Object.entries(attacks).map(([name, { refusedWith }]) => [name as AttackName, refusedWith]))(
    '%s is refused',
    async (name, code) => {
      const { auth, server } = start()
      server.attack(name)
      await expect(auth.signIn()).rejects.toMatchObject({ code })
      expect((await auth.signIn())?.claims?.sub).toBe('ada')
    },
  )

  it('code_injected brings a code that is good for the attacker: without PKCE it would be taken', async () => {
    const server = createTestServer()
    server.attack('code_injected')
    const code = codeIn(await server.visit(asked(server, { scope: 'openid', nonce: 'n' })))
    expect((await redeem(server, code, { code_verifier: ATTACKERS_VERIFIER })).status).toBe(200)
  })

  it('forged_signature is taken by a client that does not verify signatures', async () => {
    const { auth, server } = start({}, { signature: undefined })
    server.attack('forged_signature')
    expect((await auth.signIn())?.claims?.sub).toBe('ada')
  })
})
