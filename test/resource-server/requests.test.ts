import { describe, expect, it } from 'vitest'
import { challengeOf } from '../../src/protocol/resource/challenge.js'
import { memoryReplayCache, type ResourceServerConfig } from '../../src/resource-server.js'
import { API_URL, bearer, createApi, createTokenServer, nowSeconds, requestWith } from '../helpers/api-tokens.js'
import { refusal } from '../helpers/refusal.js'

const METADATA_URL = `${API_URL}/.well-known/oauth-protected-resource`
const dpop = { replayCache: memoryReplayCache() }
const challenge = (response: Response) => response.headers.get('www-authenticate')

describe('a request without a token', () => {
  it('gets a challenge that names no error, the scope, and where the metadata is', async () => {
    const api = createApi(createTokenServer(), { realm: 'orders' })
    const error = await refusal(api.authorize(requestWith({}), { scope: 'orders:read' }), 'token_missing')
    const response = error.toResponse!()
    expect(response.status).toBe(401)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(challenge(response)).toBe(`Bearer realm="orders", scope="orders:read", resource_metadata="${METADATA_URL}"`)
    // Each call makes a new one: a body can be used once.
    expect(error.toResponse!()).not.toBe(response)
  })

  it('is offered both schemes, or only DPoP where it is required', async () => {
    const server = createTokenServer()
    const both = await refusal(createApi(server, { dpop }).authorize(requestWith({})), 'token_missing')
    expect(challenge(both.toResponse!())).toMatch(
      /^Bearer resource_metadata="[^"]+", DPoP algs="ES256 [^"]+", resource_metadata=/,
    )
    const only = await refusal(
      createApi(server, { dpop: { ...dpop, required: true } }).authorize(requestWith({})),
      'token_missing',
    )
    expect(challenge(only.toResponse!())).toMatch(/^DPoP algs=/)
  })

  it('is not authorized by other credentials', async () => {
    await refusal(
      createApi(createTokenServer()).authorize(requestWith({ authorization: 'Basic YTpi' })),
      'token_missing',
    )
  })

  it('with a token in the query gets 400', async () => {
    const server = createTokenServer()
    const request = requestWith({}, `/orders?access_token=${server.token()}`)
    const error = await refusal(createApi(server).authorize(request), 'request_malformed')
    expect(error.toResponse!().status).toBe(400)
    expect(challengeOf(error.toResponse!()).error).toBe('invalid_request')
  })
})

describe('what a request needs', () => {
  const claims = { acr: 'pwd', auth_time: nowSeconds() - 600 }
  const authorize = (demands: object, changed: object = {}) => {
    const server = createTokenServer()
    return createApi(server).authorize(bearer(server.token({ ...claims, ...changed })), demands)
  }

  it.each([
    ['a part of the scope', { scope: 'orders:read' }],
    ['the whole scope in another order', { scope: 'orders:write orders:read' }],
    ['one of several acr', { acrValues: 'mfa pwd' }],
    ['a sign-in that is recent enough', { maxAgeSeconds: 900 }],
    ['nothing', {}],
    ['an empty scope', { scope: '' }],
  ])('is met: %s', async (_, demands) => {
    await authorize(demands)
  })

  it('is more scope: 403, with the scope', async () => {
    const error = await refusal(authorize({ scope: 'orders:read orders:delete' }), 'insufficient_scope')
    expect(error.toResponse!().status).toBe(403)
    expect(challengeOf(error.toResponse!())).toEqual({
      resource_metadata: METADATA_URL,
      error: 'insufficient_scope',
      scope: 'orders:read orders:delete',
    })
    // Not by a part of a name.
    await refusal(authorize({ scope: 'orders' }), 'insufficient_scope')
    await refusal(authorize({ scope: 'orders:read' }, { scope: undefined }), 'insufficient_scope')
  })

  it.each([
    ['another acr', { acrValues: 'mfa' }, {}, { acr_values: 'mfa' }],
    ['an acr, of a token without one', { acrValues: 'pwd' }, { acr: undefined }, { acr_values: 'pwd' }],
    ['a more recent sign-in', { maxAgeSeconds: 60 }, {}, { max_age: '60' }],
    [
      'any sign-in, of a token without auth_time',
      { maxAgeSeconds: 1e6 },
      { auth_time: undefined },
      { max_age: '1000000' },
    ],
    ['both', { acrValues: 'mfa', maxAgeSeconds: 0 }, {}, { acr_values: 'mfa', max_age: '0' }],
  ])('is another sign-in: %s', async (_, demands, changed, expected) => {
    const error = await refusal(authorize(demands, changed), 'step_up_required')
    expect(error.toResponse!().status).toBe(401)
    expect(challengeOf(error.toResponse!())).toEqual({
      resource_metadata: METADATA_URL,
      error: 'insufficient_user_authentication',
      ...expected,
    })
  })

  it('names the scope too, so that one sign-in brings both', async () => {
    const error = await refusal(authorize({ acrValues: 'mfa', scope: 'orders:delete' }), 'step_up_required')
    expect(challengeOf(error.toResponse!()).scope).toBe('orders:delete')
  })

  it.each([{ scope: 'a"b' }, { scope: 'a\nb' }, { acrValues: 'a\\b' }, { maxAgeSeconds: -1 }, { scope: 5 }])(
    'cannot end the header: %j',
    async (demands) => {
      await refusal(authorize(demands), 'config_invalid')
      await refusal(
        () => createApi(createTokenServer()).protect(demands as object, () => new Response()),
        'config_invalid',
      )
    },
  )
})

describe('protect', () => {
  it('calls the handler for authorized requests only, and passes its other parameters on', async () => {
    const server = createTokenServer()
    const api = createApi(server)
    const handler = api.protect({ scope: 'orders:read' }, (request, { subject }, more: string) =>
      Response.json({ path: new URL(request.url).pathname, subject, more }),
    )
    const response = await handler(bearer(server.token()), 'x')
    expect(await response.json()).toEqual({ path: '/orders', subject: 'ada', more: 'x' })
    expect((await handler(requestWith({}), 'x')).status).toBe(401)
    expect((await handler(bearer(server.token({ scope: 'other' })), 'x')).status).toBe(403)
    expect((await handler(new Request(METADATA_URL), 'x')).status).toBe(200)
  })

  it('throws what is not a refusal: the handler of errors answers, and the request is not authorized', async () => {
    const server = createTokenServer()
    const broken = new Error('broken')
    const api = createApi(server, {
      mutualTls: {
        certificateOf: () => {
          throw broken
        },
      },
    })
    const handler = api.protect({}, () => new Response())
    await expect(handler(bearer(server.token({ cnf: { 'x5t#S256': 'a' } })))).rejects.toBe(broken)
    const failing = createApi(server).protect({}, () => Promise.reject(broken))
    await expect(failing(bearer(server.token()))).rejects.toBe(broken)
  })
})

describe('the metadata document', () => {
  const config: Partial<ResourceServerConfig> = {
    resource: 'https://api.example/orders/v1',
    dpop: { ...dpop, required: true },
    mutualTls: { certificateOf: () => undefined },
    algorithms: ['ES256'],
    scopesSupported: ['orders:read'],
    name: 'Orders',
    documentation: 'https://api.example/docs',
  }

  it('says what the API needs, at the well-known path before its own', async () => {
    const api = createApi(createTokenServer(), config)
    expect(api.metadataUrl).toBe('https://api.example/.well-known/oauth-protected-resource/orders/v1')
    const response = api.handle(new Request(api.metadataUrl))
    expect(response?.headers.get('content-type')).toBe('application/json')
    expect(response?.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response?.json()).toEqual({
      resource: 'https://api.example/orders/v1',
      authorization_servers: ['https://as.example'],
      scopes_supported: ['orders:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
      resource_documentation: 'https://api.example/docs',
      dpop_signing_alg_values_supported: ['ES256'],
      dpop_bound_access_tokens_required: true,
      tls_client_certificate_bound_access_tokens: true,
    })
    const error = await refusal(api.authorize(requestWith({})), 'token_missing')
    expect(challenge(error.toResponse!())).toContain(`resource_metadata="${api.metadataUrl}"`)
  })

  it.each([
    ['https://api.example', '/.well-known/oauth-protected-resource', 'https://api.example'],
    ['https://api.example/', '/.well-known/oauth-protected-resource', 'https://api.example/'],
    ['https://api.example/a?b=c', '/.well-known/oauth-protected-resource/a?b=c', 'https://api.example/a?b=c'],
  ])('has the identifier as it was configured: %s', (resource, path, said) => {
    const api = createApi(createTokenServer(), { resource })
    expect(api.metadataUrl).toBe(`https://api.example${path}`)
    expect(api.metadata.resource).toBe(said)
  })

  it('is found whatever the host, by GET, HEAD and a preflight; all else is not for it', async () => {
    const { handle } = createApi(createTokenServer())
    const path = '/.well-known/oauth-protected-resource'
    const by = (method: string, url = `http://internal:8080${path}`) => handle(new Request(url, { method }))
    expect(by('GET')?.status).toBe(200)
    expect(await by('HEAD')?.text()).toBe('')
    expect(by('OPTIONS')?.status).toBe(204)
    expect(by('POST')?.status).toBe(405)
    for (const url of ['/', `${path}/x`, `/x${path}`, '/.well-known/openid-configuration'])
      expect(by('GET', API_URL + url)).toBeUndefined()
  })
})

describe('createResourceServer refuses', () => {
  it.each<[string, object]>([
    ['no issuer', { issuer: undefined }],
    ['an http issuer', { issuer: 'http://as.example' }],
    ['issuer and issuers', { issuer: 'https://as.example', issuers: [{ issuer: 'https://b.example' }] }],
    ['an empty list of issuers', { issuer: undefined, issuers: [] }],
    [
      'one issuer twice',
      { issuer: undefined, issuers: [{ issuer: 'https://b.example' }, { issuer: 'https://b.example' }] },
    ],
    ['metadata of another issuer', { metadata: { issuer: 'https://b.example' } }],
    ['a profile that is not one', { accessTokens: { types: ['JWT'] } }],
    ['no audience', { audience: undefined }],
    ['an empty audience', { audience: '' }],
    ['an empty list of audiences', { audience: [] }],
    ['an audience that is no URL, without resource', { audience: 'orders' }],
    ['an http resource', { resource: 'http://api.example' }],
    ['a resource with a fragment', { resource: 'https://api.example/#' }],
    ['an HMAC', { algorithms: ['HS256'] }],
    ['none', { algorithms: ['ES256', 'none'] }],
    ['no algorithm', { algorithms: [] }],
    ['a tolerance of an hour', { clockToleranceSeconds: 3600 }],
    ['a realm that ends the header', { realm: 'a\r\nb' }],
    ['dpop without a replay cache', { dpop: {} }],
    ['nonce keys that are too short', { dpop: { ...dpop, nonceKeys: [{ id: 'a', secret: 'short' }] } }],
    ['proofs that are good for a day', { dpop: { ...dpop, proofSeconds: 86_400 } }],
    ['mutual TLS without certificateOf', { mutualTls: {} }],
    ['introspection without credentials', { introspection: { clientId: 'api' } }],
    ['a documentation that is no URL', { documentation: 'x' }],
  ])('%s', async (_, config) => {
    await refusal(() => createApi(createTokenServer(), config as Partial<ResourceServerConfig>), 'config_invalid')
  })
})
