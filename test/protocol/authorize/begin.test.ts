import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  type AuthorizationRequest,
  beginAuthorization,
  checkMetadata,
  richAuthorization,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { anyText } from '../../helpers/any-text.js'
import { refusal } from '../../helpers/refusal.js'

const issuer = 'https://as.example'
const metadata = (more: object = {}) =>
  checkMetadata(
    {
      issuer,
      authorization_endpoint: `${issuer}/authorize?tenant=1`,
      token_endpoint: `${issuer}/token`,
      ...more,
    } as ServerMetadata,
    issuer,
  )
const request = { clientId: 'spa', redirectUri: 'https://app.example/cb' }
const begin = (more: Partial<AuthorizationRequest> = {}) => beginAuthorization(metadata(), { ...request, ...more })

describe('beginAuthorization', () => {
  it('asks for a code with an S256 challenge', async () => {
    const { url, transaction } = await begin({ scope: 'openid api' })
    const challenge = createHash('sha256').update(transaction.codeVerifier).digest('base64url')
    expect(`${url.origin}${url.pathname}`).toBe('https://as.example/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: 'spa',
      redirect_uri: 'https://app.example/cb',
      scope: 'openid api',
      state: transaction.state,
      nonce: transaction.idToken.nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
  })

  it('makes everything anew each time', async () => {
    const values = await Promise.all(Array.from({ length: 200 }, () => begin({ scope: 'openid' })))
    const secrets = values.map(({ transaction }) => {
      const { state, idToken, codeVerifier } = transaction
      return [state, idToken.nonce, codeVerifier]
    })
    expect(new Set(secrets.flat()).size).toBe(600)
    for (const { url, transaction } of values) {
      expect(transaction.codeVerifier).toMatch(/^[\w-]{43}$/)
      expect(url.href).not.toContain(transaction.codeVerifier)
    }
  })

  it('sends no nonce where openid is not asked for', async () => {
    const { url, transaction } = await begin({ scope: 'openid_not really' })
    expect(url.searchParams.has('nonce')).toBe(false)
    expect(transaction.idToken.nonce).toBeUndefined()
  })

  it('sends every option under its wire name', async () => {
    const { url } = await begin({
      resource: ['https://a.example/', 'urn:b'],
      additionalResources: ['urn:b', 'https://c.example/'],
      acrValues: 'phr',
      maxAgeSeconds: 0,
      prompt: 'login',
      loginHint: 'a+b@c',
      uiLocales: 'de en',
      claims: { id_token: { email: { essential: true } } },
      authorizationDetails: [{ type: 'payment', amount: 1 }],
      rar: richAuthorization(),
      responseMode: 'fragment',
      additionalParameters: { audience: 'x y', __proto__: { polluted: '1' } as never },
    })
    const sent = url.searchParams
    expect(sent.getAll('resource')).toEqual(['https://a.example/', 'urn:b', 'https://c.example/'])
    expect(Object.fromEntries(sent)).toMatchObject({
      acr_values: 'phr',
      max_age: '0',
      prompt: 'login',
      login_hint: 'a+b@c',
      ui_locales: 'de en',
      claims: '{"id_token":{"email":{"essential":true}}}',
      authorization_details: '[{"type":"payment","amount":1}]',
      response_mode: 'fragment',
      audience: 'x y',
    })
  })

  it.each([
    'response_type',
    'client_id',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'response_mode',
    'resource',
    'max_age',
    'request',
    'request_uri',
    'registration',
    'code_verifier',
    'client_secret',
    'client_assertion',
  ])('does not let additionalParameters set %s', async (name) => {
    const error = await refusal(begin({ additionalParameters: { [name]: 'x' } }), 'config_invalid')
    expect(error.message).toContain(`additionalParameters.${name}`)
  })

  it.each(['p=b2c_1%20in', 'p=a+b', 'x', 'p=a/b&&q', "p='%7e'"])(
    'keeps the query of the endpoint as it is: %s',
    async (query) => {
      const server = metadata({ authorization_endpoint: `${issuer}/authorize?${query}` })
      const { url } = await beginAuthorization(server, request)
      const kept = new URL(`${issuer}/?${query}`).search
      expect(url.search.startsWith(`${kept}&response_type=code&`)).toBe(true)
    },
  )

  it('adds parameters to an endpoint without a query, or with an empty one', async () => {
    for (const endpoint of [`${issuer}/authorize`, `${issuer}/authorize?`]) {
      const { url } = await beginAuthorization(metadata({ authorization_endpoint: endpoint }), request)
      expect(url.href).toContain(`${issuer}/authorize?response_type=code&`)
    }
  })

  it.each(['scope=x', '%73cope', 'request=ey.ey.', 'prompt=none', 'resource=', 'p=1&code_challenge=x', 'audience=x'])(
    'refuses an endpoint that already sets one of its parameters: %s',
    async (query) => {
      const server = metadata({ authorization_endpoint: `${issuer}/authorize?${query}` })
      const error = await refusal(
        beginAuthorization(server, { ...request, additionalParameters: { audience: 'x' } }),
        'endpoint_refused',
      )
      const [name] = [...new URLSearchParams(query).keys()].slice(-1)
      expect(error.message).toBe(`authorization_endpoint already contains ${name}.`)
    },
  )

  it('writes every text so that both readings of a query agree: a space as %20, a plus as %2B', async () => {
    const readings = (url: URL) => {
      const parts = url.search
        .slice(1)
        .split('&')
        .map((part) => part.split('='))
      return [
        parts.map(([name = '', value = '']) => [decodeURIComponent(name), decodeURIComponent(value)]),
        [...url.searchParams],
      ]
    }
    const text = anyText().filter((text) => !!text)
    await fc.assert(
      fc.asyncProperty(text, text, text, async (scope, loginHint, value) => {
        const { url } = await begin({ scope, loginHint, additionalParameters: { 'a +b': value } })
        const [percent, form] = readings(url)
        expect(percent).toEqual(form)
        expect(Object.fromEntries(form as [string, string][])).toMatchObject({
          scope,
          login_hint: loginHint,
          'a +b': value,
        })
      }),
    )
  })

  it('sends no parameter without a value, which would count as omitted (RFC 6749 §3.1)', async () => {
    const { url } = await begin({ scope: '', loginHint: undefined, additionalParameters: { audience: '' } })
    for (const name of ['scope', 'login_hint', 'audience']) expect(url.searchParams.has(name)).toBe(false)
  })

  it('finds everything wrong at once', async () => {
    const error = await refusal(
      begin({
        resource: 'https://a.example/#x',
        authorizationDetails: [{} as never],
        rar: richAuthorization(),
        additionalParameters: { state: 'x' },
      }),
      'config_invalid',
    )
    expect(error.message).toMatch(/authorizationDetails.*resource.*additionalParameters\.state/)
    await refusal(begin({ resource: 'not absolute' }), 'config_invalid')
    await refusal(begin({ additionalResources: ['https://a.example/', 'not absolute'] }), 'config_invalid')
  })

  it('survives JSON, and lasts ten minutes unless told otherwise', async () => {
    const { transaction } = await begin({ scope: 'openid' })
    expect(JSON.parse(JSON.stringify(transaction))).toEqual(JSON.parse(JSON.stringify({ ...transaction })))
    expect(transaction.expiresAtMs - Number(transaction.idToken.requestedAtMs)).toBe(600_000)
    expect((await begin({ lifetimeSeconds: 60 })).transaction).toSatisfy(
      (t: typeof transaction) => t.expiresAtMs - Number(t.idToken.requestedAtMs) === 60_000,
    )
  })

  it('keeps of the metadata only what the callback needs', async () => {
    const server = metadata({ jwks_uri: `${issuer}/jwks`, scopes_supported: ['x'.repeat(5000)] })
    const { transaction } = await beginAuthorization(server, request)
    expect(transaction.server).toEqual({
      issuer,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: ['RS256'],
    })
  })

  it('passes over signing algorithms that are no text', async () => {
    const listed = [{ toString: 1 }, ['none'], null, 7, 'HS256', 'ES256'] as unknown as string[]
    const { transaction } = await beginAuthorization(
      metadata({ id_token_signing_alg_values_supported: listed }),
      request,
    )
    expect(transaction.server.id_token_signing_alg_values_supported).toEqual(['ES256'])
  })

  it('fails closed without WebCrypto', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    await refusal(begin(), 'insecure_context')
    vi.unstubAllGlobals()
  })
})

it.each([
  [undefined, undefined],
  ['https://a.example/', 'https://a.example/'],
  [['https://a.example/', 'https://b.example/'], 'https://a.example/'],
])('the token of the sign-in is for the first resource: %j', async (resource, first) => {
  const { transaction } = await begin({ resource, additionalResources: ['https://c.example/'] })
  expect(transaction.resource).toBe(first)
})

describe('configuration that is wrong is told', () => {
  it('all at once, and before anything is made of it', async () => {
    const wrong = { resource: 'orders', additionalParameters: { state: 'x' }, provider: { name: 'x' } as never }
    expect((await refusal(begin(wrong), 'config_invalid')).message).toBe(
      'Invalid configuration: provider: use defineProvider of the same copy of proofkey; ' +
        'resource: must be an absolute URI without a fragment; ' +
        'additionalParameters.state: remove it, or use the option for it.',
    )
  })

  it('where it cannot be JSON, and where nobody would compare what is granted', async () => {
    const big = 1n as never
    expect((await refusal(begin({ claims: { a: big } }), 'config_invalid')).message).toContain('claims: must be a JSON')
    const authorizationDetails = [{ type: 'a', big }]
    const rar = richAuthorization()
    expect((await refusal(begin({ authorizationDetails, rar }), 'config_invalid')).message).toContain(
      'authorizationDetails: must be a JSON value',
    )
    expect((await refusal(begin({ authorizationDetails }), 'config_invalid')).message).toContain('needs rar:')
  })
})
