import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  accessTokensWithoutStandardType,
  allowMissingAudience,
  clientSecretBasic,
  type IntrospectionConfig,
  memoryReplayCache,
  type ResourceServerConfig,
} from '../../src/resource-server.js'
import {
  API_URL,
  bearer,
  boundTo,
  createApi,
  createTokenServer,
  nowSeconds,
  proofFor,
  requestWith,
  type TokenServer,
} from '../helpers/api-tokens.js'
import { refusal } from '../helpers/refusal.js'

afterEach(() => void vi.useRealTimers())

const TOKEN = 'opaque-0123456789'

function setUp(
  response: object = {},
  more: Partial<IntrospectionConfig> = {},
  config: Partial<ResourceServerConfig> = {},
) {
  const server = createTokenServer()
  server.opaque.set(TOKEN, server.response(response))
  const introspection = { clientId: 'orders-api', clientAuth: clientSecretBasic('s3cret'), ...more }
  return { server, api: createApi(server, { introspection, ...config }) }
}
const asked = (server: TokenServer) => server.count('/introspect')

describe('an opaque token', () => {
  it('is asked about, by POST, as the client that the API is', async () => {
    const { server, api } = setUp()
    const access = await api.authorize(bearer(TOKEN))
    expect(access).toMatchObject({
      subject: 'ada',
      clientId: 'web',
      scope: 'orders:read orders:write',
      tokenType: 'Bearer',
    })
    const { headers, body } = server.requests.find(({ url }) => url.endsWith('/introspect'))!
    expect(headers.get('authorization')).toBe(`Basic ${btoa('orders-api:s3cret')}`)
    expect(headers.get('accept')).toBe('application/json')
    expect(Object.fromEntries(body)).toEqual({ token: TOKEN, token_type_hint: 'access_token' })
  })

  it('is refused without introspection', async () => {
    const server = createTokenServer()
    await refusal(createApi(server).authorize(bearer(TOKEN)), 'token_refused')
    expect(server.requests).toEqual([])
  })

  it('is bound to a key, if the server says so', async () => {
    const { api } = setUp({ ...boundTo(), token_type: 'DPoP' }, {}, { dpop: { replayCache: memoryReplayCache() } })
    await refusal(api.authorize(bearer(TOKEN)), 'token_refused')
    const access = await api.authorize(requestWith({ authorization: `DPoP ${TOKEN}`, dpop: proofFor(TOKEN) }))
    expect(access.binding).toBe('dpop')
  })

  it.each<[string, object]>([
    ['no iss', { iss: undefined }],
    ['no exp', { exp: undefined }],
    ['no sub', { sub: undefined }],
    ['no jti', { jti: undefined }],
    ['several audiences', { aud: ['x', API_URL] }],
    ['its type in other letters', { token_type: 'bearer' }],
    ['the use of an access token', { token_use: 'access_token' }],
    ['the same in short, as Cognito', { token_use: 'access' }],
  ])('may have %s', async (_, response) => {
    await setUp(response).api.authorize(bearer(TOKEN))
  })
})

describe('an opaque token is refused, although the server says that it is active, with', () => {
  it.each<[string, RegExp, object]>([
    ['another issuer', /its iss/, { iss: 'https://other.example' }],
    ['another audience', /its aud/, { aud: 'https://other.example' }],
    ['no audience', /its aud/, { aud: undefined }],
    ['an exp that is over', /its exp/, { exp: nowSeconds() - 3600 }],
    ['an exp that is a text', /its exp/, { exp: '9999999999' }],
    ['an nbf to come', /its nbf/, { nbf: nowSeconds() + 3600 }],
    ['an iat to come', /its iat/, { iat: nowSeconds() + 3600 }],
    ['no type, as a refresh token has it', /not say that it is an access token/, { token_type: undefined }],
    ['another type', /not say that it is an access token/, { token_type: 'mac' }],
    ['the use of a refresh token', /not say that it is an access token/, { token_use: 'refresh_token' }],
    ['another use', /not say that it is an access token/, { token_use: 'no_access' }],
    ['yet another use', /not say that it is an access token/, { token_use: 'access_code' }],
    ['a type that ends like one', /not say that it is an access token/, { token_type: 'xbearer' }],
    ['a type that starts like one', /not say that it is an access token/, { token_type: 'bearer2' }],
    ['the type DPoP and no key', /its key is missing/, { token_type: 'DPoP' }],
    ['a binding of an unknown kind', /its cnf/, { cnf: { kid: 'x' } }],
  ])('%s', async (_, why, response) => {
    const { api } = setUp(response)
    expect((await refusal(api.authorize(bearer(TOKEN)), 'token_refused')).message).toMatch(why)
  })

  it('another client', async () => {
    const { api } = setUp({ client_id: 'other' }, {}, { clientIds: ['web'] })
    expect((await refusal(api.authorize(bearer(TOKEN)), 'token_refused')).claim).toBe('client_id')
  })
})

describe('an answer that is not a clear yes', () => {
  it.each<[string, unknown]>([
    ['false', { active: false }],
    ['false, with everything else', { ...createTokenServer().response(), active: false }],
  ])('is no: active is %s', async (_, answer) => {
    const { api, server } = setUp()
    server.opaque.set(TOKEN, answer)
    await refusal(api.authorize(bearer(TOKEN)), 'token_refused')
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['"true"', () => Response.json({ ...createTokenServer().response(), active: 'true' })],
    ['1', () => Response.json({ ...createTokenServer().response(), active: 1 })],
    ['missing', () => Response.json({ ...createTokenServer().response(), active: undefined })],
    ['in a list', () => Response.json([createTokenServer().response()])],
    ['null', () => Response.json(null)],
    ['not JSON', () => new Response('active: true')],
    ['with status 201', () => Response.json(createTokenServer().response(), { status: 201 })],
    ['with status 401', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    ['with status 500', () => new Response(null, { status: 500 })],
    ['a redirect', () => Response.redirect('https://evil.example/introspect')],
    ['too large', () => new Response(`{"active":true,"x":"${'x'.repeat(300_000)}"}`)],
    ['an error of the network', () => Promise.reject(new TypeError('fetch failed'))],
  ])('is 503, and never a yes: %s', async (_, answer) => {
    const { api, server } = setUp()
    await api.authorize(bearer(TOKEN))
    server.answer = answer
    const error = await refusal(api.authorize(bearer(TOKEN)), 'validation_unavailable')
    expect(error.retryable).toBe(true)
    expect(error.toResponse!().status).toBe(503)
    expect(api.events).toContainEqual(expect.objectContaining({ type: 'introspection_failed' }))
    expect(JSON.stringify([error, api.events])).not.toContain(TOKEN)
  })
})

describe('what is kept of the answers', () => {
  it('is nothing by default: a revoked token ends at once', async () => {
    const { api, server } = setUp()
    await api.authorize(bearer(TOKEN))
    server.opaque.delete(TOKEN)
    await refusal(api.authorize(bearer(TOKEN)), 'token_refused')
  })

  it('is a yes for cacheSeconds, and never past exp', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const { api, server } = setUp({ exp: nowSeconds() + 40 }, { cacheSeconds: 30 })
    await api.authorize(bearer(TOKEN))
    vi.advanceTimersByTime(29_000)
    await api.authorize(bearer(TOKEN))
    expect(asked(server)).toBe(1)
    vi.advanceTimersByTime(2000)
    await api.authorize(bearer(TOKEN))
    expect(asked(server)).toBe(2)
    // Nine seconds are left of the token.
    vi.advanceTimersByTime(10_000)
    await api.authorize(bearer(TOKEN))
    expect(asked(server)).toBe(3)
    vi.advanceTimersByTime(60_000)
    await refusal(api.authorize(bearer(TOKEN)), 'token_refused')
  })

  it('is not a yes without exp', async () => {
    const { api, server } = setUp({ exp: undefined }, { cacheSeconds: 30 })
    await api.authorize(bearer(TOKEN))
    await api.authorize(bearer(TOKEN))
    expect(asked(server)).toBe(2)
  })

  it('does not let what the API demands slip: a kept yes is compared again', async () => {
    const { api } = setUp({}, { cacheSeconds: 30 })
    await api.authorize(bearer(TOKEN), { scope: 'orders:read' })
    await refusal(api.authorize(bearer(TOKEN), { scope: 'orders:delete' }), 'insufficient_scope')
  })

  it('is a no for ten seconds: a token that is sent again and again is asked about once', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const { api, server } = setUp()
    for (let attempt = 0; attempt < 50; attempt++) await refusal(api.authorize(bearer('forged')), 'token_refused')
    expect(asked(server)).toBe(1)
    server.opaque.set('forged', server.response())
    vi.advanceTimersByTime(11_000)
    await api.authorize(bearer('forged'))
  })

  it('is a no for ten seconds also after a kept yes', async () => {
    vi.useFakeTimers()
    const { api, server } = setUp({}, { cacheSeconds: 5 })
    await api.authorize(bearer(TOKEN))
    server.opaque.set(TOKEN, { active: false })
    vi.advanceTimersByTime(6000)
    for (const _ of [1, 2, 3]) await refusal(api.authorize(bearer(TOKEN)), 'token_refused')
    expect(asked(server)).toBe(2)
  })

  it('is shared by requests at the same time, and a flood of others gets 503', async () => {
    const { api, server } = setUp({}, { maxConcurrent: 3 })
    await api.authorize(bearer(TOKEN))
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    server.answer = async () => {
      await gate
      return Response.json(server.response())
    }
    const same = Array.from({ length: 10 }, () => api.authorize(bearer(TOKEN)))
    const flood = Array.from({ length: 20 }, (_, index) => api.authorize(bearer(`forged-${index}`)))
    const settled = Promise.allSettled([...same, ...flood])
    // All others have been turned away before one is answered, however long that takes.
    let turnedAway = 0
    for (const one of flood) one.catch(() => turnedAway++)
    await vi.waitFor(() => expect([asked(server), turnedAway]).toEqual([4, 18]), { timeout: 30_000 })
    open()
    const results = await settled
    expect(results.slice(0, 10).every(({ status }) => status === 'fulfilled')).toBe(true)
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
    expect(refused).toEqual(Array.from({ length: 18 }, () => 'validation_unavailable'))
    expect(asked(server)).toBe(4)
  })
})

describe('JWTs', () => {
  it('are not asked about by default', async () => {
    const { api, server } = setUp()
    await api.authorize(bearer(server.token()))
    expect(asked(server)).toBe(0)
  })

  it('are asked about with tokens: all, after their signature was checked', async () => {
    const { api, server } = setUp({}, { tokens: 'all' })
    const token = server.token()
    await refusal(api.authorize(bearer(token)), 'token_refused')
    const other = server.token()
    server.opaque.set(other, server.response({ scope: 'orders:read', cnf: undefined }))
    expect((await api.authorize(bearer(other))).subject).toBe('ada')
    const before = asked(server)
    await refusal(api.authorize(bearer(server.token({ aud: 'x' }))), 'token_refused')
    await refusal(api.authorize(bearer(`${other}x`)), 'token_refused')
    expect(asked(server)).toBe(before)
  })

  it('without the standard type keep what only the server says of them', async () => {
    const profile = { distinguishedBy: { claim: 'use', value: 'access' }, missing: ['client_id'] as const }
    const accessTokens = accessTokensWithoutStandardType(profile)
    const { api, server } = setUp({}, { tokens: 'all' }, { accessTokens })
    const token = server.token({ use: 'access', client_id: undefined, scope: undefined }, { typ: 'JWT' })
    server.opaque.set(token, server.response())
    expect(await api.authorize(bearer(token))).toMatchObject({ clientId: 'web', scope: 'orders:read orders:write' })
  })

  it('are not asked about where they are malformed', async () => {
    const { api, server } = setUp()
    await refusal(api.authorize(bearer(server.token({}, { crit: ['x'] }))), 'token_refused')
    await refusal(api.authorize(bearer(server.token({}, { typ: 'JWT' }))), 'token_refused')
    expect(asked(server)).toBe(0)
  })
})

describe('a server that sends no aud', () => {
  const config = { missingAudience: allowMissingAudience }

  it('can be used with a list of clients, and never for another audience', async () => {
    const clients = { clientIds: ['web'] }
    await setUp({ aud: undefined }, config, clients).api.authorize(bearer(TOKEN))
    const wrong = setUp({ aud: 'https://other.example' }, config, clients)
    await refusal(wrong.api.authorize(bearer(TOKEN)), 'token_refused')
    const other = setUp({ aud: undefined, client_id: 'other' }, config, clients)
    await refusal(other.api.authorize(bearer(TOKEN)), 'token_refused')
  })

  it('cannot be used without one, nor by true', async () => {
    await refusal(() => setUp({}, config), 'config_invalid')
    const yes = true as unknown as typeof allowMissingAudience
    await refusal(() => setUp({}, { missingAudience: yes }, { clientIds: ['web'] }), 'config_invalid')
  })
})
