import { afterEach, describe, expect, it, vi } from 'vitest'
import { MAX_COOKIE_HEADER_BYTES } from '../../src/limits.js'
import {
  clientSecretBasic,
  createServerClient,
  type ErrorCode,
  memoryVault,
  none,
  type ProofkeyEvent,
  privateKeyJwt,
  type ServerClientConfig,
  sealedCookie,
} from '../../src/server.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'
import { tracesOf } from '../helpers/traces.js'
import { createVisitor } from '../helpers/visitor.js'

const redirectUri = 'https://app.example/callback'
const key = (id: string, fill: number) => ({ id, secret: Buffer.alloc(32, fill).toString('base64') })
const keys = [key('k1', 1)]

afterEach(() => {
  vi.useRealTimers()
})

function createApp(config: Partial<ServerClientConfig> = {}, faults: Faults = {}) {
  const server = createServer(faults, { clients: { web: { secret: 's3cret' } } })
  const events: ProofkeyEvent[] = []
  const open = (more: Partial<ServerClientConfig> = {}) => {
    const client = createServerClient({
      issuer: server.issuer,
      clientId: 'web',
      redirectUri,
      scope: 'openid',
      clientAuth: clientSecretBasic('s3cret'),
      vault: sealedCookie({ keys }),
      fetch: server.fetch,
      ...config,
      ...more,
    })
    client.subscribe((event) => events.push(event))
    return client
  }
  const client = open()
  const visitor = createVisitor()
  return {
    server,
    events,
    client,
    open,
    visitor,
    /** Visits the login page. @returns the callback URL that the server would send the person to */
    async leave(options?: Parameters<typeof client.signIn>[1], by = visitor): Promise<URL> {
      const response = await client.signIn(by.request('https://app.example/login'), options)
      expect(response.status).toBe(303)
      by.receive(response.headers)
      return server.visit(response.headers.get('location') ?? '')
    },
    tokenRequests: () => server.requests.filter(({ url }) => url === server.metadata.token_endpoint),
  }
}

describe.each([
  ['sealed cookie', () => sealedCookie({ keys })],
  ['memory', () => memoryVault({ maxRecords: 100 })],
])('a sign-in on the server, kept in %s', (_, vault) => {
  it('comes back with tokens, and proves the client and the request', async () => {
    const app = createApp({ vault: vault() })
    const callback = await app.leave({ returnTo: '/inbox', appState: { a: 1 } })
    const result = await app.client.handleCallback(app.visitor.request(callback))
    expect(result).toMatchObject({ claims: { sub: 'ada' }, returnTo: '/inbox', appState: { a: 1 } })
    expect(result.headers.get('cache-control')).toBe('no-store')
    const [request] = app.tokenRequests()
    expect(new Headers(request?.init.headers).get('authorization')).toBe(`Basic ${btoa('web:s3cret')}`)
    expect(request?.body.get('code_verifier')).toMatch(/^[\w-]{43}$/)
    app.visitor.receive(result.headers)
    expect(app.visitor.cookies.size).toBe(0)
  })

  it.each<[ErrorCode, (callback: URL) => unknown]>([
    ['access_denied', ({ searchParams }) => searchParams.set('error', 'access_denied')],
    ['token_request_refused', ({ searchParams }) => searchParams.set('code', 'x')],
  ])('that fails with %s says where the user was going, and does not show it', async (code, change) => {
    const app = createApp({ vault: vault() })
    const callback = await app.leave({ returnTo: '/inbox', appState: 'secret thing' })
    change(callback)
    const error = await refusal(app.client.handleCallback(app.visitor.request(callback)), code)
    expect(error).toMatchObject({ returnTo: '/inbox', appState: 'secret thing', headers: expect.any(Headers) })
    expect(JSON.stringify([error, { ...error }, app.events])).not.toContain('secret thing')
  })

  it('of two tabs ends twice', async () => {
    const app = createApp({ vault: vault() })
    const callbacks = [await app.leave(), await app.leave()]
    for (const callback of callbacks.reverse()) {
      const { headers, claims } = await app.client.handleCallback(app.visitor.request(callback))
      app.visitor.receive(headers)
      expect(claims?.sub).toBe('ada')
    }
  })

  it('is not another browser’s (login CSRF)', async () => {
    const app = createApp({ vault: vault() })
    const callback = await app.leave()
    const victim = createVisitor()
    await refusal(app.client.handleCallback(victim.request(callback)), 'unknown_state')
    expect(app.tokenRequests()).toEqual([])
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('is not opened by another browser’s cookie under its name', async () => {
    const app = createApp({ vault: vault() })
    const callback = await app.leave()
    const other = createVisitor()
    await app.leave({}, other)
    const [name = ''] = app.visitor.cookies.keys()
    const [foreign = ''] = other.cookies.values()
    app.visitor.cookies.set(name, foreign)
    const error = await app.client.handleCallback(app.visitor.request(callback)).catch((error) => error)
    expect(['record_unreadable', 'other_client']).toContain(error.code)
    expect(app.tokenRequests()).toEqual([])
  })

  it('that meets no answer can be tried again', async () => {
    const app = createApp({ vault: vault() })
    const callback = await app.leave()
    app.server.faults.respond = () => {
      throw new TypeError('fetch failed')
    }
    const error = await refusal(app.client.handleCallback(app.visitor.request(callback)), 'network_error')
    expect(error.retryable).toBe(true)
    app.visitor.receive((error as unknown as { headers: Headers }).headers)
    delete app.server.faults.respond
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('leaves a bounded pile behind: 20 abandoned ones', async () => {
    const app = createApp({ vault: vault() })
    for (let count = 0; count < 20; count++) await app.leave()
    expect(app.visitor.cookies.size).toBe(5)
    const bytes = [...app.visitor.cookies].reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    expect(bytes).toBeLessThan(8000)
    const callback = await app.leave()
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })
})

describe('the sealed cookie', () => {
  it('holds the prefix, the attributes and the size, and no secret', async () => {
    const app = createApp()
    const response = await app.client.signIn(new Request('https://app.example/login'))
    const [cookie = '', ...more] = response.headers.getSetCookie()
    expect(more).toEqual([])
    expect(cookie).toMatch(
      /^__Host-Http-proofkey\.[\w-]+=k1\.[\w-]+; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(cookie.length).toBeLessThan(4096)
    const callback = await app.server.visit(response.headers.get('location') ?? '')
    const state = callback.searchParams.get('state') ?? ''
    expect(tracesOf(state, cookie)).toEqual([])
    app.visitor.receive(response.headers)
    await app.client.handleCallback(app.visitor.request(callback))
    expect(tracesOf(app.tokenRequests()[0]?.body.get('code_verifier') ?? '', cookie)).toEqual([])
  })

  it('does not open once a character of it was changed', async () => {
    const app = createApp()
    const callback = await app.leave()
    const [[name, value] = ['', '']] = app.visitor.cookies
    for (const at of [3, 5, 30, value.length - 3]) {
      app.visitor.cookies.set(name, value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1))
      await refusal(app.client.handleCallback(app.visitor.request(callback)), 'record_unreadable')
    }
    app.visitor.cookies.set(name, value)
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('lives through a change of keys, until its key is gone', async () => {
    const app = createApp()
    const callback = await app.leave()
    const rotated = app.open({ vault: sealedCookie({ keys: [key('k2', 2), key('k1', 1)] }) })
    const without = app.open({ vault: sealedCookie({ keys: [key('k2', 2)] }) })
    const forged = app.open({ vault: sealedCookie({ keys: [key('k1', 9)] }) })
    await refusal(without.handleCallback(app.visitor.request(callback)), 'record_unreadable')
    await refusal(forged.handleCallback(app.visitor.request(callback)), 'record_unreadable')
    await expect(rotated.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('expires', async () => {
    const app = createApp()
    const callback = await app.leave()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 600_001)
    await refusal(app.client.handleCallback(app.visitor.request(callback)), 'expired')
  })

  it('says so where a sign-in does not fit into one', async () => {
    const app = createApp()
    const request = app.visitor.request('https://app.example/login')
    const error = await refusal(app.client.signIn(request, { appState: 'x'.repeat(4000) }), 'storage_full')
    expect(error.hint).toContain('redisVault')
  })

  it.each([
    [[]],
    [undefined],
    [[{ id: 'k', secret: 'short' }]],
    [[key('a', 1), key('a', 2)]],
    [[key('a b', 1)]],
    [[{ ...key('a', 1), id: 2026 }]],
    [[null]],
  ])('refuses the keys %j, and shows none', async (wrong) => {
    const error = await refusal(() => sealedCookie({ keys: wrong as never }), 'config_invalid')
    expect(error.message).not.toContain('short')
  })
})

describe('the pile of sealed cookies', () => {
  it('fits through a proxy that takes 8 kB of one header, whatever the sign-ins hold', async () => {
    const app = createApp()
    for (let count = 0; count < 10; count++) {
      const callback = await app.leave({ appState: 'x'.repeat(count % 2 ? 900 : 10) })
      const header = app.visitor.request(callback).headers.get('cookie') ?? ''
      expect(header.length).toBeLessThanOrEqual(MAX_COOKIE_HEADER_BYTES)
    }
    const callback = await app.leave()
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('leaves other cookies alone', async () => {
    const app = createApp()
    app.visitor.cookies.set('session', 'mine')
    for (let count = 0; count < 10; count++) await app.leave()
    expect(app.visitor.cookies.get('session')).toBe('mine')
  })
})

describe('what else a stranger or a mistake can send', () => {
  it('a callback by HEAD spends nothing', async () => {
    const app = createApp()
    const callback = await app.leave()
    await refusal(app.client.handleCallback(app.visitor.request(callback, { method: 'HEAD' })), 'callback_malformed')
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('a broken key fails each sign-in in its own words, with headers of its own', async () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'
    const metadata = { token_endpoint_auth_methods_supported: ['private_key_jwt'] }
    const app = createApp({ clientAuth: privateKeyJwt(pem, { algorithm: 'ES256' }) }, { metadata })
    const errors = []
    for (let count = 0; count < 2; count++) {
      const callback = await app.leave()
      errors.push(await refusal(app.client.handleCallback(app.visitor.request(callback)), 'config_invalid'))
    }
    expect(errors[0]).not.toBe(errors[1])
    for (const error of errors) expect(error.headers?.get('cache-control')).toBe('no-store')
  })

  it('options of one sign-in do not change who asks, or where it ends', async () => {
    const app = createApp()
    const options = { redirectUri: 'https://evil.example/cb', clientId: 'other' } as object
    const response = await app.client.signIn(app.visitor.request('https://app.example/login'), options)
    const asked = new URL(response.headers.get('location') ?? '').searchParams
    expect([asked.get('redirect_uri'), asked.get('client_id')]).toEqual([redirectUri, 'web'])
  })

  it('a person who comes back after their cookie has expired is told so, with a vault of the server too', async () => {
    const app = createApp({ vault: memoryVault({ maxRecords: 100 }) })
    const callback = await app.leave()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 600_001)
    app.visitor.cookies.clear()
    await refusal(app.client.handleCallback(app.visitor.request(callback)), 'expired')
  })

  it.each([
    { responseMode: 'fragment' },
    { forwardedHeaders: true },
    { forwardedHeaders: 'trusted' },
    { forwardedHeaders: { hops: 0 } },
    { forwardedHeaders: { hops: 1.5 } },
    { forwardedHeaders: { hops: '2' } },
    { forwardedHeaders: { hops: 1, header: 'x-real-ip' } },
    { vault: {} },
    { clientAuth: {} },
    { clientAuth: undefined },
  ])('a configuration of %j is refused', async (wrong) => {
    await refusal(() => createApp(wrong as never), 'config_invalid')
  })

  it('an aborted start does not wait for a server that hangs', async () => {
    const app = createApp()
    const hanging = app.open({ fetch: () => new Promise(() => {}) })
    const signal = AbortSignal.timeout(20)
    await refusal(hanging.signIn(app.visitor.request('https://app.example/login'), { signal }), 'aborted')
    expect(app.events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'aborted' })
  })
})

describe('the start', () => {
  it.each<[string, RequestInit]>([
    ['a prefetch', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['an old prefetch', { headers: { purpose: 'prefetch' } }],
    [
      'a cross-site frame',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' } },
    ],
    [
      'a cross-site image',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
    ],
    ['a router that fetches ahead', { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' } }],
    ['a form of a browser that says only its origin', { method: 'POST', headers: { origin: 'https://evil.example' } }],
    [
      'a cross-site form',
      {
        method: 'POST',
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      },
    ],
  ])('is refused to %s', async (_, init) => {
    const app = createApp()
    const response = await app.client.signIn(new Request('https://app.example/login', init))
    expect(response.status).toBe(403)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('location')).toBeNull()
    expect(app.events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'start_refused' })
  })

  it.each<[string, Record<string, string>]>([
    ['a typed address', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
    [
      'a link of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
    [
      'the app’s own frame',
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    ['a browser that says nothing', {}],
  ])('is granted to %s', async (_, headers) => {
    const response = await createApp().client.signIn(new Request('https://app.example/login', { headers }))
    expect(response.status).toBe(303)
  })

  it('sends the configured redirect URI, whatever the request claims', async () => {
    const app = createApp()
    const request = new Request('http://evil.example/login', {
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    })
    const response = await app.client.signIn(request)
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(redirectUri)
  })

  it.each(['//evil.example', 'https://evil.example', '/\r\nSet-Cookie: a=b', '/x\u0000'])(
    'takes no header or origin out of returnTo %j',
    async (returnTo) => {
      const app = createApp()
      const callback = await app.leave({ returnTo })
      await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('returnTo', '/')
    },
  )

  it('is refused before anything is sent where the server does not know the method', async () => {
    const app = createApp({}, { metadata: { token_endpoint_auth_methods_supported: ['private_key_jwt'] } })
    await refusal(app.client.signIn(new Request('https://app.example/login')), 'client_auth_unsupported')
  })
})

describe('a callback behind a proxy', () => {
  it.each([
    ['http://app.example/callback', 'protocol', 'X-Forwarded-Proto'],
    ['https://internal:3000/callback', 'hostname', 'Host'],
    ['https://app.example:8443/callback', 'port', 'http_host'],
    ['https://app.example/app/callback', 'pathname', 'proxy_pass'],
  ])('at %s is told what to set, and loses nothing', async (at, part, setting) => {
    const app = createApp()
    const callback = await app.leave()
    const landed = new URL(at)
    landed.search = callback.search
    const error = await refusal(app.client.handleCallback(app.visitor.request(landed)), 'redirect_uri_mismatch')
    expect(error.message).toContain(part)
    expect(error.hint).toContain(setting)
    expect(error.message).not.toContain(callback.searchParams.get('code'))
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('works where the proxy is set right and trusted', async () => {
    const app = createApp({ forwardedHeaders: { hops: 1 } })
    const callback = await app.leave()
    const landed = `http://127.0.0.1:3000/back${callback.search}`
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example', 'x-forwarded-prefix': '/' }
    await refusal(app.client.handleCallback(app.visitor.request(landed, { headers })), 'redirect_uri_mismatch')
    const right = `http://127.0.0.1:3000/callback${callback.search}`
    await expect(app.client.handleCallback(app.visitor.request(right, { headers }))).resolves.toHaveProperty(
      'claims.sub',
      'ada',
    )
  })

  it('does not believe forwarded headers that nobody said to trust', async () => {
    const app = createApp()
    const callback = await app.leave()
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example' }
    const landed = `http://127.0.0.1:3000/callback${callback.search}`
    await refusal(app.client.handleCallback(app.visitor.request(landed, { headers })), 'redirect_uri_mismatch')
  })
})

describe('form_post', () => {
  const form = { responseMode: 'form_post' } as const
  const modes = { response_modes_supported: ['query', 'form_post'] }

  it('is read from the body, under cookies that cross sites', async () => {
    const app = createApp(form, { metadata: modes })
    const response = await app.client.signIn(app.visitor.request('https://app.example/login'))
    expect(response.headers.getSetCookie()[0]).toContain('SameSite=None')
    app.visitor.receive(response.headers)
    const callback = await app.server.visit(response.headers.get('location') ?? '')
    const request = app.visitor.request(redirectUri, { method: 'POST', body: callback.searchParams })
    await expect(app.client.handleCallback(request)).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('hands on the other fields, as they came', async () => {
    const app = createApp(form, { metadata: modes })
    const callback = await app.leave()
    const user = '{"name":{"firstName":"Ada"}}'
    const body = new URLSearchParams([...callback.searchParams, ['user', user], ['__proto__', 'x']])
    const result = await app.client.handleCallback(app.visitor.request(redirectUri, { method: 'POST', body }))
    expect(Object.entries(result.callbackParameters)).toEqual([
      ['user', user],
      ['__proto__', 'x'],
    ])
  })

  it('is bounded, and nothing but a form', async () => {
    const app = createApp(form, { metadata: modes })
    const post = (body: BodyInit, type = 'application/x-www-form-urlencoded') =>
      app.client.handleCallback(new Request(redirectUri, { method: 'POST', body, headers: { 'content-type': type } }))
    await refusal(post('x'.repeat(70_000)), 'callback_malformed')
    await refusal(post('{}', 'application/json'), 'callback_malformed')
    await refusal(post(''), 'unknown_state')
  })
})

it('hands on the other parameters of a query, and none of the standard ones', async () => {
  const app = createApp()
  const callback = await app.leave()
  for (const [name, value] of Object.entries({ hd: 'example.com', session_state: 'x', error_uri: 'y' }))
    callback.searchParams.set(name, value)
  const result = await app.client.handleCallback(app.visitor.request(callback))
  expect(result.callbackParameters).toEqual({ hd: 'example.com' })
})

describe('an error without state', () => {
  const refused = '?error=invalid_scope&error_description=Unknown+scope'

  it('is reported with what the server said, and ends no sign-in', async () => {
    const app = createApp()
    const callback = await app.leave()
    const request = app.visitor.request(redirectUri + refused)
    const error = await refusal(app.client.handleCallback(request), 'unknown_state')
    expect(error.serverError).toEqual({ error: 'invalid_scope', description: 'Unknown scope' })
    app.visitor.receive(error.headers as Headers)
    await expect(app.client.handleCallback(app.visitor.request(callback))).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('is not told apart from an unknown one where it has another state', async () => {
    const app = createApp()
    const request = app.visitor.request(`${redirectUri}${refused}&state=x`)
    const error = await refusal(app.client.handleCallback(request), 'unknown_state')
    expect(error.serverError).toBeUndefined()
  })
})

it.each([
  'Доступ запрещён: приложение не одобрено',
  'アプリが承認されていません',
  'تم رفض الوصول',
  'गूगल ने मना किया',
  'Zugriff für Ärzte gesperrt\u202e\u0007\u2028',
  `${'x'.repeat(199)}😀`,
])('keeps the letters of a description, and can send it: %j', async (description) => {
  const app = createApp()
  const callback = await app.leave()
  callback.searchParams.set('error', 'unauthorized_client')
  callback.searchParams.set('error_description', description)
  const error = await refusal(app.client.handleCallback(app.visitor.request(callback)), 'authorization_failed')
  const letters = (text: string) => text.replace(/[^\p{L}\p{M}]/gu, '')
  const shown = `${error.serverError?.description}`
  expect(letters(shown)).toBe(letters(description))
  expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
  expect(() => encodeURIComponent(shown)).not.toThrow()
  const response = new Response(`${error.message} ${error.hint}`, { status: 400, headers: error.headers as Headers })
  expect(response.status).toBe(400)
})

describe('a refusal', () => {
  it('comes with the headers that clear the cookie, out of sight of logs', async () => {
    const app = createApp({}, { token: { access_token: undefined } })
    const callback = await app.leave()
    const error = await refusal(app.client.handleCallback(app.visitor.request(callback)), 'token_response_invalid')
    expect(JSON.stringify(error)).not.toContain('Set-Cookie')
    app.visitor.receive((error as unknown as { headers: Headers }).headers)
    expect(app.visitor.cookies.size).toBe(0)
  })
})

describe('refresh and revoke', () => {
  it('keep the old refresh token where none comes, and prove the client', async () => {
    const app = createApp(
      {},
      {
        respond: (body) =>
          Response.json({ access_token: 'new', token_type: 'Bearer', scope: body.get('scope') ?? 'all' }),
      },
    )
    const { tokens } = await app.client.refresh('old-refresh', { scope: 'api' })
    expect(tokens).toMatchObject({ accessToken: 'new', refreshToken: 'old-refresh', scope: 'api' })
    const [request] = app.tokenRequests()
    expect(Object.fromEntries(request?.body ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'old-refresh',
      scope: 'api',
    })
    expect(new Headers(request?.init.headers).get('authorization')).toMatch(/^Basic /)
  })

  it('refuse another person’s ID token', async () => {
    const app = createApp()
    const callback = await app.leave()
    const { claims } = await app.client.handleCallback(app.visitor.request(callback))
    const other = createApp({}, { claims: { sub: 'eve', at_hash: undefined } })
    const stranger = await other.client.handleCallback(other.visitor.request(await other.leave()))
    const idToken = stranger.tokens.idToken
    const respond = () => Response.json({ access_token: 'a', token_type: 'Bearer', id_token: idToken })
    const refreshing = createApp({}, { respond })
    await refusal(refreshing.client.refresh('r', { previousClaims: claims! }), 'id_token_invalid')
    await expect(refreshing.client.refresh('r', { previousClaims: stranger.claims! })).resolves.toHaveProperty(
      'claims.sub',
      'eve',
    )
  })

  it('take the client authentication and the fetch of the client, not of the call', async () => {
    const respond = () => Response.json({ access_token: 'new', token_type: 'Bearer' })
    const app = createApp({}, { respond, metadata: { revocation_endpoint: 'https://as.example/revoke' } })
    const sent: unknown[] = []
    const fetch = async (...given: unknown[]) => {
      sent.push(given)
      return respond()
    }
    const options = { clientAuth: none(), fetch, dpop: undefined, signature: undefined } as object
    await app.client.refresh('r', options)
    await app.client.revoke('r', options).catch(() => {})
    await app.client.exchange({ code: 'c', codeVerifier: 'v'.repeat(43), redirectUri }, options).catch(() => {})
    expect(sent).toEqual([])
    const posts = app.server.requests.filter(({ init }) => init.method === 'POST')
    expect(posts).toHaveLength(3)
    for (const { init } of posts) expect(new Headers(init.headers).get('authorization')).toMatch(/^Basic /)
  })

  it('ask for nothing without a refresh token', async () => {
    const app = createApp()
    await refusal(app.client.refresh(undefined as never), 'config_invalid')
    expect(app.tokenRequests()).toEqual([])
  })

  it('never give the refresh token away in an error', async () => {
    const app = createApp(
      {},
      { respond: (body) => Response.json({ error: 'invalid_grant', error_description: `${body}` }, { status: 400 }) },
    )
    const error = await refusal(app.client.refresh('very-secret-refresh'), 'token_request_refused')
    expect(error.serverError?.description).not.toContain('very-secret-refresh')
  })

  it('say so where there is no revocation endpoint', async () => {
    await refusal(
      createApp({}, { metadata: { revocation_endpoint: undefined } }).client.revoke('x'),
      'endpoint_refused',
    )
  })
})
