import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { accessTokensWithoutStandardType } from '../../src/resource-server.js'
import {
  API_URL,
  bearer,
  createApi,
  createTokenServer,
  hasGoodSignature,
  ISSUER,
  nowSeconds,
} from '../helpers/api-tokens.js'
import { refusal } from '../helpers/refusal.js'
import { createSigner, SIGNING_ALGORITHMS } from '../helpers/signer.js'

describe('an access token of RFC 9068', () => {
  it('authorizes, and tells who it is of and what for', async () => {
    const server = createTokenServer()
    const claims = { acr: 'mfa', auth_time: nowSeconds() - 10, exp: nowSeconds() + 60 }
    const access = await createApi(server).authorize(bearer(server.token(claims)))
    expect(access).toMatchObject({
      issuer: ISSUER,
      subject: 'ada',
      clientId: 'web',
      scope: 'orders:read orders:write',
      scopes: ['orders:read', 'orders:write'],
      tokenType: 'Bearer',
      binding: 'none',
      acr: 'mfa',
      authenticatedAtMs: claims.auth_time * 1000,
      expiresAtMs: claims.exp * 1000,
      claims: { sub: 'ada', aud: API_URL },
    })
    expect([...access.headers]).toEqual([])
  })

  it.each([
    ['its type in the long form', {}, { typ: 'application/at+jwt' }],
    ['its type in other letters', {}, { typ: 'AT+JWT' }],
    ['several audiences', { aud: ['https://other.example', API_URL] }, {}],
    ['no scope', { scope: undefined }, {}],
    ['a clock that is a little off', { iat: nowSeconds() + 20, nbf: nowSeconds() + 20 }, {}],
    ['an exp that is just over', { exp: nowSeconds() - 5 }, {}],
  ])('may have %s', async (_, claims, header) => {
    const server = createTokenServer()
    await createApi(server).authorize(bearer(server.token(claims, header)))
  })

  it.each(SIGNING_ALGORITHMS)('is signed with %s', async (alg) => {
    const server = createTokenServer(ISSUER, createSigner(alg))
    await createApi(server).authorize(bearer(server.token()))
  })

  it('is of one of several servers, each with its own keys', async () => {
    const [one, two] = [createTokenServer(), createTokenServer('https://two.example', createSigner('ES256', 'k1'))]
    const fetch = async (input: RequestInfo | URL, init?: RequestInit) =>
      (String(input).startsWith(one.issuer) ? one : two).fetch(input, init)
    const api = createApi(one, { issuers: [{ issuer: one.issuer }, { issuer: two.issuer }], fetch })
    expect((await api.authorize(bearer(one.token()))).issuer).toBe(one.issuer)
    expect((await api.authorize(bearer(two.token()))).issuer).toBe(two.issuer)
    // Signed by one in the name of the other.
    await refusal(api.authorize(bearer(one.token({ iss: two.issuer }))), 'token_refused')
  })
})

/** Each is an honest token with one thing changed, truly signed by the server's key. */
const LONG_AGO = nowSeconds() - 3600
const ATTACKS: [name: string, why: RegExp, claims: object, header?: object][] = [
  ['another type', /its typ/, {}, { typ: 'JWT' }],
  ['no type', /its typ/, {}, { typ: undefined }],
  ['the type of a logout token', /its typ/, {}, { typ: 'logout+jwt' }],
  ['a type that only begins so', /its typ/, {}, { typ: 'at+jwt2' }],
  ['a type that only ends so', /its typ/, {}, { typ: 'no-at+jwt' }],
  ['a type that is a list', /its typ/, {}, { typ: ['at+jwt'] }],
  ['another issuer', /its iss is not trusted/, { iss: 'https://evil.example' }],
  ['no issuer', /its iss is not trusted/, { iss: undefined }],
  ['an issuer with a slash at its end', /its iss is not trusted/, { iss: `${ISSUER}/` }],
  ['a list of issuers', /its iss is not trusted/, { iss: [ISSUER] }],
  ['another audience', /its aud/, { aud: 'https://other.example' }],
  ['no audience', /its aud/, { aud: undefined }],
  ['an empty list of audiences', /its aud/, { aud: [] }],
  ['an audience that begins like this one', /its aud/, { aud: `${API_URL}.evil.example` }],
  ['the client as audience', /its aud/, { aud: 'web' }],
  ['a nested audience', /its aud/, { aud: [[API_URL]] }],
  ['an exp that is over', /its exp/, { exp: LONG_AGO }],
  ['no exp', /its exp/, { exp: undefined }],
  ['an exp that is a text', /its exp/, { exp: `${nowSeconds() + 300}` }],
  ['an nbf to come', /its nbf/, { nbf: nowSeconds() + 3600 }],
  ['an nbf that is a text', /its nbf/, { nbf: '0' }],
  ['an iat to come', /its iat/, { iat: nowSeconds() + 3600 }],
  ['no iat', /its iat/, { iat: undefined }],
  ['no subject', /its sub/, { sub: undefined }],
  ['an empty subject', /its sub/, { sub: '' }],
  ['no client', /its client_id/, { client_id: undefined }],
  ['a list of clients', /its client_id/, { client_id: ['web'] }],
  ['no jti', /its jti/, { jti: undefined }],
  ['a list as scope', /its scope/, { scope: ['orders:read'] }],
  ['an auth_time that is a text', /its auth_time/, { auth_time: `${nowSeconds()}` }],
  ['a binding of an unknown kind', /its cnf/, { cnf: { kid: 'x' } }],
  ['an empty binding', /its cnf/, { cnf: {} }],
  ['a binding that is a text', /its cnf/, { cnf: 'jkt' }],
  ['two bindings', /its cnf/, { cnf: { jkt: 'a', 'x5t#S256': 'b' } }],
  ['a binding to a key, where DPoP is not configured', /dpop is not configured/, { cnf: { jkt: 'a' } }],
  ['a binding to a certificate, where there is none', /client certificate/, { cnf: { 'x5t#S256': 'a' } }],
  ['an unknown kid', /no key/, {}, { kid: 'k2' }],
]

describe('is refused, although the server signed it:', () => {
  it.each(ATTACKS)('a token with %s', async (_, why, claims, header = {}) => {
    const server = createTokenServer()
    const api = createApi(server)
    const token = server.token(claims, header)
    // Without the check, the token is as good as the honest one.
    if (!('kid' in header)) expect(await hasGoodSignature(token, server)).toBe(true)
    const error = await refusal(api.authorize(bearer(token)), 'token_refused')
    expect(error.message).toMatch(why)
    const response = error.toResponse!()
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", error_description="/)
    await api.authorize(bearer(server.token()))
  })

  it('an ID token of the same server, also with the API as audience', async () => {
    const server = createTokenServer()
    const idToken = server.signer.sign({ ...server.claims(), nonce: 'n', azp: 'web' }, { typ: 'JWT' })
    expect(await hasGoodSignature(idToken, server)).toBe(true)
    await refusal(createApi(server).authorize(bearer(idToken)), 'token_refused')
  })

  it('a token of another client, where clientIds lists those that are accepted', async () => {
    const server = createTokenServer()
    const api = createApi(server, { clientIds: ['web'] })
    await api.authorize(bearer(server.token()))
    const error = await refusal(api.authorize(bearer(server.token({ client_id: 'other' }))), 'token_refused')
    expect(error.claim).toBe('client_id')
    await createApi(server).authorize(bearer(server.token({ client_id: 'other' })))
  })

  it('a token with an algorithm that is not listed', async () => {
    const server = createTokenServer()
    await refusal(createApi(server, { algorithms: ['RS256'] }).authorize(bearer(server.token())), 'token_refused')
  })
})

describe('is refused, because the server did not sign it:', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forgeries: [string, (server: ReturnType<typeof createTokenServer>) => string][] = [
    ['one of another key', (server) => server.token({}, {}, createSigner('ES256', 'k1'))],
    [
      'one with other claims under the signature of an honest one',
      (server) => {
        const [header, , signature] = server.token().split('.')
        return [header, part(server.claims({ sub: 'admin' })), signature].join('.')
      },
    ],
    ['alg none', (server) => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(server.claims())}.`],
    ['alg None', (server) => `${part({ alg: 'None', typ: 'at+jwt' })}.${part(server.claims())}.`],
    ['an HMAC', (server) => `${part({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${part(server.claims())}.AAAA`],
    [
      'a key in its own header',
      (server) => {
        const own = createSigner('ES256', 'k1')
        return server.token({}, { jwk: own.jwk }, own)
      },
    ],
    ['no signature', (server) => server.token().replace(/[^.]+$/, '')],
  ]
  it.each(forgeries)('%s', async (_, forge) => {
    const server = createTokenServer()
    await refusal(createApi(server).authorize(bearer(forge(server))), 'token_refused')
  })

  it('one with a crit header, whose extension is not understood', async () => {
    const server = createTokenServer()
    const error = await refusal(
      createApi(server).authorize(bearer(server.token({}, { crit: ['x'], x: 1 }))),
      'token_refused',
    )
    expect(error.message).toContain('crit')
  })
})

describe('the keys of the server', () => {
  it('are loaded at the first request, once for all', async () => {
    const server = createTokenServer()
    const api = createApi(server)
    expect(server.requests).toEqual([])
    await Promise.all(Array.from({ length: 5 }, () => api.authorize(bearer(server.token()))))
    expect(server.requests.map(({ url }) => url)).toEqual([
      `${ISSUER}/.well-known/openid-configuration`,
      `${ISSUER}/jwks`,
    ])
  })

  it('are asked for once, not for each forged token', async () => {
    const server = createTokenServer()
    const api = createApi(server)
    await api.authorize(bearer(server.token()))
    for (let attempt = 0; attempt < 20; attempt++)
      await refusal(api.authorize(bearer(server.token({}, { kid: `forged-${attempt}` }))), 'token_refused')
    expect(server.count('/jwks')).toBe(1)
  })

  it('are loaded again after a rotation', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] })
    const server = createTokenServer()
    const api = createApi(server)
    await api.authorize(bearer(server.token()))
    const next = createSigner('ES256', 'k2')
    server.keys = [server.signer.jwk, next.jwk]
    vi.advanceTimersByTime(61_000)
    await api.authorize(bearer(server.token({}, {}, next)))
    await api.authorize(bearer(server.token()))
    vi.useRealTimers()
  })

  it('outlast a failure of the server; without any, the answer is 503 and not a yes', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] })
    const server = createTokenServer()
    const [api, late] = [createApi(server), createApi(server)]
    await api.authorize(bearer(server.token()))
    server.answer = () => {
      throw new TypeError('fetch failed')
    }
    vi.advanceTimersByTime(600_000)
    await api.authorize(bearer(server.token()))
    const error = await refusal(late.authorize(bearer(server.token())), 'validation_unavailable')
    const response = error.toResponse!()
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(late.events.map(({ type }) => type)).toContain('keys_failed')
    vi.useRealTimers()
  })
})

describe('tokens without the standard type', () => {
  const keycloak = () =>
    accessTokensWithoutStandardType({ distinguishedBy: { claim: 'typ', value: 'Bearer' }, clientIdClaim: 'azp' })
  const of = (server: ReturnType<typeof createTokenServer>, claims: object) =>
    server.token({ client_id: undefined, azp: 'web', typ: 'Bearer', ...claims }, { typ: 'JWT' })

  it('are accepted from a server that is known for them, by what tells them from ID tokens', async () => {
    const server = createTokenServer()
    const api = createApi(server, { accessTokens: keycloak() })
    expect((await api.authorize(bearer(of(server, {})))).clientId).toBe('web')
    for (const idToken of [{ typ: 'ID' }, { typ: undefined }, { nonce: 'n' }, { at_hash: 'h' }])
      expect((await refusal(api.authorize(bearer(of(server, idToken))), 'token_refused')).message).toMatch(/typ/)
    await refusal(createApi(server).authorize(bearer(of(server, {}))), 'token_refused')
  })

  it('may have scope in another claim, as a list, and lack what the profile says', async () => {
    const server = createTokenServer()
    const accessTokens = accessTokensWithoutStandardType({
      distinguishedBy: { claim: 'scp' },
      clientIdClaim: 'appid',
      scopeClaim: 'scp',
      missing: ['jti'],
    })
    const api = createApi(server, { accessTokens })
    const claims = { client_id: undefined, appid: 'web', scope: undefined, scp: ['a', 'b'], jti: undefined }
    expect((await api.authorize(bearer(server.token(claims, { typ: 'JWT' })))).scope).toBe('a b')
    await refusal(api.authorize(bearer(server.token({ ...claims, sub: undefined }, { typ: 'JWT' }))), 'token_refused')
  })

  it('are told by the claims that they have, not by the names that they are read under', async () => {
    const server = createTokenServer()
    const traits = [
      { distinguishedBy: { claim: 'client_id' }, clientIdClaim: 'azp' },
      { distinguishedBy: { claim: 'scope' }, clientIdClaim: 'azp', scopeClaim: 'groups' },
    ]
    for (const one of traits) {
      const api = createApi(server, { accessTokens: accessTokensWithoutStandardType(one) })
      const idToken = { client_id: undefined, scope: undefined, azp: 'web', groups: ['staff'] }
      await refusal(api.authorize(bearer(server.token(idToken, { typ: 'JWT' }))), 'token_refused')
    }
  })

  it('cannot be told by a claim of ID tokens', async () => {
    for (const claim of ['aud', 'nonce', 'azp', ''])
      await refusal(() => accessTokensWithoutStandardType({ distinguishedBy: { claim } }), 'config_invalid')
  })
})

describe('nothing of a token', () => {
  it('is in an error, a response or an event', async () => {
    const server = createTokenServer()
    const api = createApi(server)
    const tokens = [
      server.token({ aud: 'x' }),
      server.token({ exp: 1 }),
      server.token({}, { kid: 'none' }),
      `${server.token()}x`,
      'opaque-0123456789abcdef',
    ]
    for (const token of tokens) {
      const error = await refusal(api.authorize(bearer(token)), 'token_refused')
      const headers = [...error.toResponse!().headers].join()
      const shown = [
        inspect(error, { depth: 9, showHidden: true }),
        headers,
        JSON.stringify([error, api.events]),
      ].join()
      for (const piece of token.split('.')) if (piece.length > 8) expect(shown).not.toContain(piece.slice(0, 20))
    }
    expect(api.events.filter(({ type }) => type === 'token_refused')).toHaveLength(tokens.length)
    expect(api.events).toContainEqual(
      expect.objectContaining({ type: 'token_refused', code: 'token_refused', claim: 'aud' }),
    )
  })
})
