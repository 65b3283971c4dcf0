import { describe, expect, it } from 'vitest'
import {
  clientSecretBasic,
  createDpop,
  createSigningKey,
  exchangeToken,
  type ServerMetadata,
  TOKEN_TYPES,
  type TokenExchangeOptions,
} from '../../../src/protocol.js'
import { givenToFetch } from '../../helpers/given-to-fetch.js'
import { refusal } from '../../helpers/refusal.js'

const issuer = 'https://as.example'
const server: ServerMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
}
const { accessToken, idToken, jwt, refreshToken, saml1, saml2 } = TOKEN_TYPES
const subject = { subjectToken: 'subject-token-of-ada', subjectTokenType: accessToken }
const honest = { access_token: 'issued-token', issued_token_type: accessToken, token_type: 'Bearer', expires_in: 60 }

/** An exchange that is answered with an honest response, changed like this. */
function exchange(answer: object = {}, options: object = {}, metadata: object = {}) {
  const sent: URLSearchParams[] = []
  const headers: Headers[] = []
  const fetch: typeof globalThis.fetch = async (...given) => {
    const { init } = await givenToFetch(...given)
    sent.push(new URLSearchParams(String(init.body)))
    headers.push(new Headers(init.headers))
    return answer instanceof Response ? answer : Response.json({ ...honest, ...answer })
  }
  const all = { ...subject, clientAuth: clientSecretBasic('s3cret'), fetch, ...options } as TokenExchangeOptions
  return { sent, headers, issued: exchangeToken({ ...server, ...metadata }, 'gateway', all) }
}

describe('the request (RFC 8693 §2.1)', () => {
  it('has the subject token and the type that is wanted', async () => {
    const { sent, headers, issued } = exchange()
    expect(await issued).toMatchObject({
      accessToken: 'issued-token',
      tokenType: 'bearer',
      issuedTokenType: accessToken,
    })
    expect(Object.fromEntries(sent[0]!)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject.subjectToken,
      subject_token_type: accessToken,
      requested_token_type: accessToken,
    })
    expect(headers[0]!.get('authorization')).toMatch(/^Basic /)
  })

  it('has actor, scope, and several resources and audiences, each once', async () => {
    const { sent, issued } = exchange(
      { issued_token_type: jwt },
      {
        actorToken: 'actor-token',
        actorTokenType: jwt,
        requestedTokenType: jwt,
        scope: 'read write',
        resource: ['https://a.example/', 'https://b.example/', 'https://a.example/'],
        audience: ['orders', 'stock'],
      },
    )
    await issued
    const [body] = sent
    expect(body!.getAll('resource')).toEqual(['https://a.example/', 'https://b.example/'])
    expect(body!.getAll('audience')).toEqual(['orders', 'stock'])
    expect(body!.get('scope')).toBe('read write')
    expect(body!.get('actor_token')).toBe('actor-token')
    expect(body!.get('actor_token_type')).toBe(jwt)
    expect(body!.get('requested_token_type')).toBe(jwt)
  })

  it.each<[string, object]>([
    ['subjectToken', { subjectToken: '' }],
    ['subjectToken', { subjectToken: undefined }],
    ['subjectToken', { subjectToken: 7 }],
    ['actorToken', { actorToken: 7, actorTokenType: jwt }],
    ['scope', { scope: 7 }],
    ['requiredScope', { requiredScope: ['read'] }],
    ['subjectTokenType', { subjectTokenType: undefined }],
    ['subjectTokenType', { subjectTokenType: 'access_token' }],
    ['actorToken', { actorToken: '', actorTokenType: jwt }],
    ['actorTokenType', { actorToken: 'x' }],
    ['actorTokenType', { actorTokenType: jwt }],
    ['actorTokenType', { actorToken: 'x', actorTokenType: 'jwt' }],
    ['requestedTokenType', { requestedTokenType: 'jwt' }],
    ['resource', { resource: 'https://a.example/#x' }],
    ['resource', { resource: ['https://a.example/', 'orders'] }],
    ['audience', { audience: [''] }],
    ['audience', { audience: [1] }],
  ])('is not sent with a wrong %s: %o', async (name, options) => {
    const { sent, issued } = exchange({}, options)
    expect((await refusal(issued, 'config_invalid')).message).toContain(name)
    expect(sent).toEqual([])
  })

  it.each<[string, object, object, string]>([
    ['the grant', { grant_types_supported: ['authorization_code'] }, {}, 'not_supported'],
    ['ES256 for DPoP', { dpop_signing_alg_values_supported: ['RS256'] }, { dpop: {} }, 'not_supported'],
    [
      'the client authentication',
      { token_endpoint_auth_methods_supported: ['tls_client_auth'] },
      {},
      'client_auth_unsupported',
    ],
    ['a token endpoint that is safe', { token_endpoint: 'http://as.example/token' }, {}, 'endpoint_refused'],
  ])('is not sent to a server that does not list %s', async (_, metadata, options, code) => {
    const { sent, issued } = exchange({}, options, metadata)
    await refusal(issued, code as 'not_supported')
    expect(sent).toEqual([])
  })

  it.each([undefined, null, [], ['urn:ietf:params:oauth:grant-type:token-exchange']])(
    'is sent where grant_types_supported is %o',
    async (listed) => {
      await exchange({}, {}, { grant_types_supported: listed }).issued
    },
  )
})

describe('a response is refused', () => {
  it.each<[string, object, object?]>([
    ['without issued_token_type', { issued_token_type: undefined }],
    ['with an empty issued_token_type', { issued_token_type: '' }],
    ['with an issued_token_type that is no text', { issued_token_type: [accessToken] }],
    ['with another type than the requested one', { issued_token_type: jwt }],
    ['with another type than the requested one', { issued_token_type: accessToken }, { requestedTokenType: jwt }],
    ['with a refresh token as access token', { issued_token_type: refreshToken }],
    ['with an ID token as access token', { issued_token_type: idToken }],
    ['without access_token', { access_token: undefined }],
    ['with an empty access_token', { access_token: '' }],
    ['with an access_token that is no text', { access_token: { token: 'x' } }],
    ['without token_type', { token_type: undefined }],
    ['with token_type N_A for an access token', { token_type: 'N_A' }],
    ['with an unknown token_type', { token_type: 'mac' }],
    ['with a DPoP token that nobody asked for', { token_type: 'DPoP' }],
    ['with the subject token', { access_token: subject.subjectToken }],
    ['with the actor token', { access_token: 'actor' }, { actorToken: 'actor', actorTokenType: jwt }],
    [
      'with the subject token of another type',
      { access_token: subject.subjectToken, issued_token_type: idToken, token_type: 'N_A' },
      { requestedTokenType: idToken },
    ],
    ...[refreshToken, idToken, saml1, saml2].map((type): [string, object, object] => [
      `with ${type} as a bearer token`,
      { issued_token_type: type },
      { requestedTokenType: type },
    ]),
  ])('%s: %o', async (_, answer, options) => {
    await refusal(exchange(answer, options).issued, 'token_response_invalid')
  })

  it.each<[object, object, string]>([
    [{ issued_token_type: undefined }, {}, 'its issued_token_type is missing'],
    [{ issued_token_type: jwt }, {}, `its issued_token_type is ${jwt}, not ${accessToken}`],
    [{ access_token: subject.subjectToken }, {}, 'its token is the one that was sent'],
    [{ issued_token_type: idToken }, { requestedTokenType: idToken }, 'its token_type is not N_A'],
  ])('with %j, which is said', async (answer, options, message) => {
    expect((await refusal(exchange(answer, options).issued, 'token_response_invalid')).message).toContain(message)
  })

  it('with a status of its own, or no JSON', async () => {
    await refusal(exchange(new Response('busy', { status: 503 })).issued, 'token_response_invalid')
    await refusal(exchange(new Response('<html>')).issued, 'token_response_invalid')
    await refusal(exchange(new Response('', { status: 302, headers: { location: '/x' } })).issued, 'response_refused')
  })

  it('without a scope that is required', async () => {
    const options = { scope: 'read write', requiredScope: 'write' }
    const error = await refusal(exchange({ scope: 'read' }, options).issued, 'scope_missing')
    expect(error.message).toBe('The server did not grant: write.')
    expect(error.hint).toBe('Allow this scope for the client on the server.')
    expect(await exchange({ scope: 'read write' }, options).issued).toMatchObject({ scope: 'read write' })
    // Without `scope` it is the requested one (RFC 6749 §5.1).
    expect(await exchange({}, options).issued).toMatchObject({ scope: 'read write' })
  })
})

describe('a token that is no access token', () => {
  it.each([refreshToken, idToken, saml1, saml2, jwt, 'urn:example:ticket'])('%s has no accessToken', async (type) => {
    const answer = { issued_token_type: type, token_type: 'N_A', access_token: 'assertion' }
    const issued = await exchange(answer, { requestedTokenType: type }).issued
    expect(issued).toMatchObject({ securityToken: 'assertion', tokenType: 'N_A', issuedTokenType: type })
    expect(issued.accessToken).toBeUndefined()
  })

  it('may have a token_type in other case', async () => {
    const issued = exchange({ issued_token_type: idToken, token_type: 'n_a' }, { requestedTokenType: idToken }).issued
    expect((await issued).tokenType).toBe('N_A')
  })

  it('is not bound to a key with DPoP either', async () => {
    const key = await createSigningKey()
    const options = { requestedTokenType: idToken, dpop: createDpop(async () => key) }
    const issued = exchange({ issued_token_type: idToken, token_type: 'N_A' }, options).issued
    expect((await issued).tokenType).toBe('N_A')
  })
})

it('under DPoP, a bearer token is refused, and one that is bound is returned', async () => {
  const key = await createSigningKey()
  const dpop = createDpop(async () => key)
  const { issued, headers } = exchange({}, { dpop })
  expect((await refusal(issued, 'token_response_invalid')).message).toContain('its token_type is not dpop')
  expect(headers[0]!.get('dpop')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  expect(await exchange({ token_type: 'dpop' }, { dpop }).issued).toMatchObject({ tokenType: 'dpop' })
})

it('a jwt may be an access token', async () => {
  const issued = exchange({ issued_token_type: jwt }, { requestedTokenType: jwt }).issued
  expect(await issued).toMatchObject({ accessToken: 'issued-token', tokenType: 'bearer' })
})

it('a refresh token and other members of the response are returned, an ID token is not', async () => {
  const answer = { refresh_token: 'r', tenant: 'x', id_token: 'of nobody' }
  const issued = await exchange(answer).issued
  expect(issued).toMatchObject({ refreshToken: 'r', other: { tenant: 'x' } })
  expect(JSON.stringify(issued)).not.toContain('of nobody')
})

describe('an error of the server', () => {
  it.each([
    ['invalid_request', /token sent is valid/],
    ['invalid_grant', /token sent is valid/],
    ['invalid_target', /resource and audience/],
    ['invalid_scope', /scope/],
    ['unauthorized_client', /Allow this grant type/],
    ['unsupported_grant_type', /Enable this grant type/],
    ['invalid_client', /clientId and clientAuth/],
    ['something_else', /log of the server/],
  ])('%s says how to repair it, and not to sign in', async (error, hint) => {
    const refused = await refusal(exchange(Response.json({ error }, { status: 400 })).issued, 'token_request_refused')
    expect(refused.serverError?.error).toBe(error)
    expect(refused.hint).toMatch(hint)
    expect(`${refused.stack}`).not.toMatch(/sign-in|consent/)
  })

  it('without an OAuth error too', async () => {
    const refused = await refusal(exchange(new Response('', { status: 401 })).issued, 'token_request_refused')
    expect(refused.hint).toBe('See the log of the server.')
  })

  it('no response is none', async () => {
    const fetch = async () => {
      throw new TypeError('Failed to fetch')
    }
    expect((await refusal(exchange({}, { fetch }).issued, 'network_error')).hint).toBe(
      'Check the network; in a page also CORS.',
    )
  })

  it('never shows a token or secret that it repeats', async () => {
    const options = { actorToken: 'actor-token-of-the-gateway', actorTokenType: jwt }
    for (const secret of [subject.subjectToken, options.actorToken, 's3cret', 'Z2F0ZXdheTpzM2NyZXQ=']) {
      const body = { error: 'invalid_request', error_description: `bad: ${secret}` }
      const refused = await refusal(
        exchange(Response.json(body, { status: 400 }), options).issued,
        'token_request_refused',
      )
      expect(JSON.stringify([refused, refused.message, refused.stack, refused.serverError])).not.toContain(secret)
      const wrongType = await refusal(
        exchange({ issued_token_type: `urn:${secret}` }, options).issued,
        'token_response_invalid',
      )
      expect(JSON.stringify([wrongType, wrongType.message, wrongType.stack])).not.toContain(secret)
    }
  })
})
