import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClient, type ExchangeClientConfig, exchangeAt, memoryVault } from '../../src/index.js'
import {
  clientSecretPost,
  createServerClient,
  type Grant,
  type ServerClientConfig,
  sealedCookie,
} from '../../src/server.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const origin = 'https://app.example'
const redirectUri = `${origin}/callback`
const keys = [{ id: 'k', secret: Buffer.alloc(32, 7).toString('base64') }]

/** A browser app and its backend: the browser's requests go to the backend, the backend's to the server. */
function createApp(
  faults: Faults = {},
  respond: (grant: Grant) => Response = (grant) => Response.json(grant),
  demands: Partial<ServerClientConfig> = {},
) {
  const server = createServer(faults, { clients: { spa: { secret: 's3cret' } } })
  const backend = createServerClient({
    issuer: server.issuer,
    clientId: 'spa',
    redirectUri,
    clientAuth: clientSecretPost('s3cret'),
    vault: sealedCookie({ keys }),
    fetch: server.fetch,
    ...demands,
  })
  const sent: Request[] = []
  const fromBrowser: typeof fetch = async (input, init) => {
    if (String(input) !== `${origin}/auth/exchange`) return server.fetch(input as string, init)
    const request = new Request(`${origin}/auth/exchange`, { ...init, credentials: 'same-origin' } as RequestInit)
    sent.push(request.clone())
    return backend.handleExchange(request, respond)
  }
  const userAgent = travelBy((url) => server.visit(url))
  const config: ExchangeClientConfig = {
    issuer: server.issuer,
    clientId: 'spa',
    redirectUri,
    scope: 'openid',
    exchange: exchangeAt('/auth/exchange'),
    vault: memoryVault({ maxRecords: 100 }),
    userAgent,
    fetch: fromBrowser,
  }
  const tokenRequests = () => server.requests.filter(({ url }) => url === server.metadata.token_endpoint)
  return { server, backend, sent, browser: createClient(config), tokenRequests }
}

/** What a browser sends, to be bent by a test. */
async function exchangeRequest(
  app: ReturnType<typeof createApp>,
  change: (init: RequestInit, body: Record<string, unknown>) => void,
) {
  await app.browser.signIn()
  const [good] = app.sent
  const body = (await good?.clone().json()) as Record<string, unknown>
  const init: RequestInit = { method: 'POST', headers: Object.fromEntries(good?.headers ?? []) }
  change(init, body)
  return new Request(`${origin}/auth/exchange`, { body: JSON.stringify(body), ...init })
}

describe('the confidential half of a sign-in', () => {
  it('is done by the backend: verifier from the browser, secret from the server', async () => {
    const app = createApp()
    const result = await app.browser.signIn({ returnTo: '/x' })
    expect(result).toMatchObject({ claims: { sub: 'ada' }, returnTo: '/x', tokens: { tokenType: 'bearer' } })
    const [request] = app.tokenRequests()
    expect(request?.body.get('client_secret')).toBe('s3cret')
    expect(request?.body.get('code_verifier')).toMatch(/^[\w-]{43}$/)
    expect(app.sent[0]?.headers.get('x-proofkey')).toBe('exchange')
  })

  it('trusts the audiences of its own configuration, and no others', async () => {
    const faults = { claims: { aud: ['project-7', 'spa'], azp: 'spa' } }
    const app = createApp(faults, undefined, { trustedAudiences: ['project-7'] })
    await expect(app.browser.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
    await refusal(createApp(faults).browser.signIn(), 'id_token_invalid')
  })

  it('gives the browser what the app chooses: claims only', async () => {
    const app = createApp({}, ({ claims }) => Response.json({ claims }))
    const result = await app.browser.signIn()
    expect(result?.claims?.sub).toBe('ada')
    expect(result?.tokens).toBeUndefined()
  })

  it('checks the ID token on the server: nonce and all', async () => {
    await refusal(createApp({ claims: { nonce: 'other' } }).browser.signIn(), 'id_token_invalid')
    await refusal(createApp({ claims: { aud: 'other' } }).browser.signIn(), 'id_token_invalid')
  })

  it('tells the browser why it was refused, and no secret', async () => {
    const echo = (body: URLSearchParams) =>
      Response.json({ error: 'invalid_grant', error_description: `${body}` }, { status: 400 })
    const app = createApp({ respond: echo })
    const error = await refusal(app.browser.signIn(), 'token_request_refused')
    expect(error.serverError?.error).toBe('invalid_grant')
    const [request] = app.tokenRequests()
    expect(JSON.stringify(error)).not.toContain(request?.body.get('code_verifier'))
  })

  it('can be tried again where the server was not reached', async () => {
    const offline = () => {
      throw new TypeError('fetch failed')
    }
    const error = await refusal(createApp({ respond: offline }).browser.signIn(), 'network_error')
    expect(error.retryable).toBe(true)
  })

  it('holds to what the backend demands, whatever the browser says it asked for', async () => {
    const demanding = { acrValues: 'mfa' }
    await refusal(createApp({}, undefined, demanding).browser.signIn(), 'acr_not_met')
    const strong = createApp({ claims: { acr: 'mfa' } }, undefined, demanding)
    await expect(strong.browser.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
    await refusal(createApp({}, undefined, { requiredScope: 'admin' }).browser.signIn(), 'scope_missing')
    const old = createApp({ claims: { auth_time: 1 } }, undefined, { maxAgeSeconds: 60 })
    await refusal(old.browser.signIn(), 'id_token_invalid')
  })

  it('answers an upload that breaks off', async () => {
    const app = createApp()
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('aborted')) })
    const headers = { 'x-proofkey': 'exchange', 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const request = new Request(`${origin}/auth/exchange`, init)
    const response = await app.backend.handleExchange(request, () => new Response('never'))
    await expect(response.json()).resolves.toMatchObject({ code: 'callback_malformed' })
  })

  it('answers where something else is reading the body', async () => {
    const app = createApp()
    const request = await exchangeRequest(app, () => {})
    request.body?.getReader()
    const response = await app.backend.handleExchange(request, () => new Response('never'))
    await expect(response.json()).resolves.toMatchObject({ code: 'callback_malformed' })
  })

  it('is refused twice for one code', async () => {
    const app = createApp()
    const again = await exchangeRequest(app, () => {})
    const response = await app.backend.handleExchange(again, () => new Response('never'))
    expect(response.status).toBe(400)
    await expect(response.json()).resolves.toMatchObject({
      code: 'token_request_refused',
      serverError: { error: 'invalid_grant' },
    })
  })

  it.each<[string, (init: RequestInit, body: Record<string, unknown>) => void, string]>([
    ['without the header', (init) => delete (init.headers as Record<string, string>)['x-proofkey'], 'exchange_refused'],
    [
      'from another origin',
      (init) => Object.assign(init.headers as object, { origin: 'https://evil.example' }),
      'exchange_refused',
    ],
    ['from a null origin', (init) => Object.assign(init.headers as object, { origin: 'null' }), 'exchange_refused'],
    [
      'cross-site',
      (init) => Object.assign(init.headers as object, { 'sec-fetch-site': 'cross-site' }),
      'exchange_refused',
    ],
    [
      'same-site',
      (init) => Object.assign(init.headers as object, { 'sec-fetch-site': 'same-site' }),
      'exchange_refused',
    ],
    [
      'as a form',
      (init) => Object.assign(init.headers as object, { 'content-type': 'text/plain' }),
      'callback_malformed',
    ],
    [
      'with another redirect URI',
      (_, body) => Object.assign(body, { redirectUri: 'https://evil.example/' }),
      'redirect_uri_mismatch',
    ],
    ['with a short verifier', (_, body) => Object.assign(body, { codeVerifier: 'x' }), 'exchange_refused'],
    ['without a code', (_, body) => delete body['code'], 'exchange_refused'],
    [
      'with an odd nonce',
      (_, body) => Object.assign(body, { idToken: { nonce: { toString: 1 } } }),
      'exchange_refused',
    ],
    ['with an odd age', (_, body) => Object.assign(body, { idToken: { maxAgeSeconds: '0' } }), 'exchange_refused'],
    ['with too much', (_, body) => Object.assign(body, { scope: 'x'.repeat(70_000) }), 'callback_malformed'],
    ['with no JSON', (init) => Object.assign(init, { body: '{' }), 'callback_malformed'],
  ])('is refused %s, before the server hears of it', async (_, change, code) => {
    const app = createApp()
    const request = await exchangeRequest(app, change)
    const before = app.tokenRequests().length
    const response = await app.backend.handleExchange(request, () => new Response('never'))
    await expect(response.json()).resolves.toMatchObject({ code })
    expect(response.status).toBe(400)
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(app.tokenRequests()).toHaveLength(before)
  })

  it('never asks a server that the browser names', async () => {
    const app = createApp()
    const request = await exchangeRequest(app, (_, body) =>
      Object.assign(body, { server: { issuer: 'https://evil.example', token_endpoint: 'https://evil.example/token' } }),
    )
    await app.backend.handleExchange(request, () => new Response('never'))
    expect(app.server.requests.filter(({ url }) => url.includes('evil'))).toEqual([])
  })
})

describe('what the backend demands is met by nothing that the browser says', () => {
  const seconds = () => Math.floor(Date.now() / 1000)
  /** A sign-in whose body is bent on its way to the backend. */
  const signIn = async (app: ReturnType<typeof createApp>, more: Record<string, unknown> = {}) => {
    const request = await exchangeRequest(app, (_, body) =>
      Object.assign(body, {
        ...more,
        ...(!!more['idToken'] && { idToken: { ...Object(body['idToken']), ...Object(more['idToken']) } }),
      }),
    )
    // The one that was bent comes second, with a code of its own.
    return app.backend.handleExchange(request, (grant) => Response.json(grant))
  }
  /** An app whose first exchange is answered by nobody: its code is then good for the one that is bent. */
  const createBent = (faults: Faults = {}, demands: Partial<ServerClientConfig> = {}) => {
    const app = createApp(faults, undefined, demands)
    const { signIn: start } = app.browser
    const { handleExchange } = app.backend
    let first = true
    app.backend.handleExchange = async (...request) => {
      if (!first) return handleExchange(...request)
      first = false
      return Response.json(
        { code: 'network_error', message: 'Away.', hint: 'Again.', retryable: true },
        { status: 503 },
      )
    }
    app.browser.signIn = ((options) => start(options).catch(() => undefined)) as typeof start
    return app
  }
  /** All that a browser could say to be let in. */
  const LIES = {
    required: false,
    requestedAtMs: 1,
    startedAtMs: 1,
    scope: 'openid admin profile',
    grantedScope: 'admin',
    clientId: 'other',
    server: { issuer: 'https://evil.example', token_endpoint: 'https://evil.example/token' },
    state: 'x',
    expiresAtMs: 9e15,
    maxAgeSeconds: 9e9,
    acrValues: 'none',
    requiredScope: undefined,
    insecure: true,
    clientAuth: null,
    signature: null,
    dpop: {},
    idToken: { required: false, requestedAtMs: 1, maxAgeSeconds: 9e9, acrValues: undefined, aud: 'other' },
  }
  const outcome = async (response: Response) => ((await response.json()) as { code?: string }).code ?? 'granted'

  it.each<[string, string, Faults, Partial<ServerClientConfig>]>([
    ['requiredScope, where the server omits scope', 'scope_missing', {}, { requiredScope: 'admin' }],
    [
      'requiredScope, where the server grants less',
      'scope_missing',
      { token: { scope: 'profile' } },
      { requiredScope: 'admin' },
    ],
    ['openid, where no ID token comes', 'id_token_invalid', { token: { id_token: undefined } }, { scope: 'openid' }],
    ['acrValues, where the acr is another', 'acr_not_met', { claims: { acr: 'pwd' } }, { acrValues: 'mfa phr' }],
    [
      'maxAgeSeconds: 0, minutes later',
      'id_token_invalid',
      { claims: { auth_time: seconds() - 180 } },
      { maxAgeSeconds: 0 },
    ],
    [
      'maxAgeSeconds: 0, where the server does not say when',
      'id_token_invalid',
      { claims: { auth_time: undefined } },
      { maxAgeSeconds: 0 },
    ],
  ])('%s', async (_, code, faults, demands) => {
    expect(await outcome(await signIn(createBent(faults, demands)))).toBe(code)
    expect(await outcome(await signIn(createBent(faults, demands), LIES))).toBe(code)
  })

  it.each<[string, Faults, Partial<ServerClientConfig>]>([
    ['requiredScope', { token: { scope: 'openid admin' } }, { requiredScope: 'admin' }],
    ['openid', {}, { scope: 'openid' }],
    ['acrValues', { claims: { acr: 'phr' } }, { acrValues: 'mfa phr' }],
    ['maxAgeSeconds: 0', { claims: { auth_time: seconds() } }, { maxAgeSeconds: 0 }],
  ])('but by an answer that meets it: %s', async (_, faults, demands) => {
    const response = await signIn(createBent(faults, demands), LIES)
    expect(await outcome(response)).toBe('granted')
  })

  it('and the lies reach nobody', async () => {
    const app = createBent()
    await signIn(app, LIES)
    const [request] = app.tokenRequests()
    expect([...(request?.body.keys() ?? [])].sort()).toEqual([
      'client_id',
      'client_secret',
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
    ])
    expect(request?.body.get('client_id')).toBe('spa')
    expect(app.server.requests.filter(({ url }) => url.includes('evil'))).toEqual([])
  })

  it('acrValues of both are joined', async () => {
    const strong = { claims: { acr: 'phr' } }
    const demands = { acrValues: 'mfa phr' }
    expect(await outcome(await signIn(createBent(strong, demands), { idToken: { acrValues: 'phr pwd' } }))).toBe(
      'granted',
    )
    expect(await outcome(await signIn(createBent(strong, demands), { idToken: { acrValues: 'mfa' } }))).toBe(
      'acr_not_met',
    )
    expect(await outcome(await signIn(createBent(strong, demands), { idToken: { acrValues: 'pwd' } }))).toBe(
      'exchange_refused',
    )
  })

  it('a token is asked for the resources of the configuration only', async () => {
    const demands = { resource: ['https://a.example/', 'https://b.example/'] }
    for (const [resource, expected] of [
      [undefined, 'granted'],
      ['https://b.example/', 'granted'],
      ['https://c.example/', 'exchange_refused'],
    ])
      expect(await outcome(await signIn(createBent({}, demands), { resource }))).toBe(expected)
  })

  it.each([11 * 60_000, -11 * 60_000])('a browser clock that is %i ms off costs nobody the sign-in', async (offMs) => {
    const app = createBent({}, { scope: 'openid', maxAgeSeconds: 0 })
    const { now } = Date
    const request = await exchangeRequest(app, (_, body) => {
      expect(JSON.stringify(body)).not.toMatch(/AtMs|\d{13}/)
      Object.assign(body, { requestedAtMs: now() + offMs })
    })
    expect(await outcome(await app.backend.handleExchange(request, (grant) => Response.json(grant)))).toBe('granted')
  })

  it('whatever the body: it is stricter, or does nothing', async () => {
    const names = [...Object.keys(LIES), 'resource', '__proto__', 'constructor', 'nonce']
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(...Object.values(LIES), '', 'phr', 'admin'))
    const policy = fc.dictionary(
      fc.constantFrom('required', 'nonce', 'acrValues', 'maxAgeSeconds', 'requestedAtMs'),
      value,
    )
    const body = fc.dictionary(fc.constantFrom(...names), fc.oneof(value, policy))
    const demands = { scope: 'openid', requiredScope: 'admin', acrValues: 'phr', maxAgeSeconds: 60 }
    const weak: Faults[] = [
      { claims: { acr: 'phr' } },
      { claims: { acr: 'pwd' }, token: { scope: 'admin' } },
      { claims: { acr: 'phr', auth_time: seconds() - 600 }, token: { scope: 'admin' } },
      { token: { scope: 'admin', id_token: undefined } },
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...weak), body, async (faults, more) => {
        const response = await signIn(createBent(faults, demands), more)
        expect(response.status).toBe(400)
        expect(await outcome(response)).not.toBe('granted')
      }),
      { numRuns: 200 },
    )
  })
})
