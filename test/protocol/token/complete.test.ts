import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { revealServerError } from '../../../src/errors.js'
import {
  type AuthorizationRequest,
  beginAuthorization,
  type ClientAuth,
  type CompleteOptions,
  checkIdTokenSignature,
  checkMetadata,
  completeAuthorization,
  type Transaction,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { createServer, type Faults } from '../../helpers/server.js'

const redirectUri = 'https://app.example/callback'

async function start(faults: Faults = {}, request: Partial<AuthorizationRequest> = {}) {
  const server = createServer(faults)
  const metadata = checkMetadata(server.metadata, server.issuer)
  const { url, transaction } = await beginAuthorization(metadata, {
    clientId: 'spa',
    redirectUri,
    scope: 'openid',
    ...request,
  })
  const callback = await server.visit(url)
  const complete = (options: CompleteOptions = {}, change: Partial<Transaction> = {}) =>
    completeAuthorization({ ...transaction, ...change }, callback, { fetch: server.fetch, ...options })
  return { server, url, transaction, callback, complete }
}

/** The same sign-in with one fault is refused, and without it succeeds. */
async function idTokenRefused(
  faults: Faults,
  request: Partial<AuthorizationRequest> = {},
  options: CompleteOptions = {},
) {
  const good = await start({}, request)
  await expect(good.complete(options)).resolves.toHaveProperty('claims.sub', 'ada')
  await refusal((await start(faults, request)).complete(options), 'id_token_invalid')
}

const now = () => Math.floor(Date.now() / 1000)

describe('the token request', () => {
  it('is one POST with code, verifier, redirect URI and client id', async () => {
    const { server, transaction, callback, complete } = await start()
    await complete()
    expect(server.requests).toHaveLength(1)
    const { url, init, body } = server.requests[0]!
    expect(url).toBe('https://as.example/token')
    expect(init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
    expect(new Headers(init.headers).get('accept')).toBe('application/json')
    expect(Object.fromEntries(body)).toEqual({
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code'),
      code_verifier: transaction.codeVerifier,
      redirect_uri: redirectUri,
      client_id: 'spa',
    })
  })

  it('names one resource, the first that was asked for (RFC 8707 §2.2)', async () => {
    const resources = {
      resource: ['https://a.example/', 'https://b.example/'],
      additionalResources: ['https://c.example/'],
    }
    const { server, complete } = await start({}, resources)
    await expect(complete()).resolves.toHaveProperty('tokens.resource', 'https://a.example/')
    expect(server.requests[0]?.body.getAll('resource')).toEqual(['https://a.example/'])
  })

  it('names no resource where all are for later', async () => {
    const { server, complete } = await start({}, { additionalResources: ['https://c.example/'] })
    await expect(complete()).resolves.toHaveProperty('tokens.resource', undefined)
    expect(server.requests[0]?.body.has('resource')).toBe(false)
  })

  it('is refused by the server when the verifier is another one', async () => {
    const stolen = await start()
    const { server } = stolen
    const error = await refusal(stolen.complete({}, { codeVerifier: 'x'.repeat(43) }), 'token_request_refused')
    // No second try, with the verifier or without.
    expect(server.requests).toHaveLength(1)
    expect(error.serverError).toEqual({ error: 'invalid_grant' })
    expect(error.retryable).toBe(false)
  })

  it('is not made once the transaction has expired', async () => {
    const { server, complete } = await start()
    await refusal(complete({}, { expiresAtMs: Date.now() - 1 }), 'expired')
    const clock = vi.spyOn(Date, 'now').mockReturnValue(1_000_000)
    await refusal(complete({}, { expiresAtMs: 1_000_000 }), 'expired').finally(() => clock.mockRestore())
    expect(server.requests).toEqual([])
  })

  it('is not made for a callback that is no absolute URL', async () => {
    const { server, transaction, callback } = await start()
    const relative = callback.pathname + callback.search
    const error = await refusal(
      completeAuthorization(transaction, relative, { fetch: server.fetch }),
      'callback_malformed',
    )
    expect(error.message).toContain('is not an absolute URL')
    expect(String(error.message + error.cause)).not.toContain(callback.searchParams.get('code'))
  })

  it('redeems nothing for another sign-in’s code (code injection)', async () => {
    const victim = await start()
    const attacker = await start()
    const url = new URL(victim.callback)
    url.searchParams.set('code', attacker.callback.searchParams.get('code') ?? '')
    await refusal(
      completeAuthorization(victim.transaction, url, { fetch: attacker.server.fetch }),
      'token_request_refused',
    )
  })

  it('is not made to an endpoint that is not https', async () => {
    const { server, transaction, complete } = await start()
    await refusal(
      complete({}, { server: { ...transaction.server, token_endpoint: 'http://as.example/token' } }),
      'endpoint_refused',
    )
    expect(server.requests).toEqual([])
  })
})

describe('the answer', () => {
  it('becomes a grant', async () => {
    const { complete } = await start({}, { scope: 'openid email' })
    const { tokens, claims } = await complete()
    expect(tokens).toMatchObject({
      tokenType: 'bearer',
      scope: 'openid email',
      accessToken: expect.stringMatching(/^access-/),
      refreshToken: expect.stringMatching(/^refresh-/),
    })
    expect(tokens.expiresAtMs).toBeGreaterThan(Date.now() + 3_500_000)
    expect(claims?.sub).toBe('ada')
  })

  it.each([{ acrValues: 'phr' }, { maxAgeSeconds: 60 }])('needs an ID token for %j, openid or not', async (asked) => {
    await refusal((await start({}, { scope: 'api', ...asked })).complete(), 'id_token_invalid')
  })

  it('tolerates a clock that is minutes off', async () => {
    const { complete } = await start({ claims: { nbf: now() + 240, iat: now() + 240 } })
    await expect(complete()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it.each([3600, -3600])('reads the server’s clock from its Date header, %i s away', async (aheadSeconds) => {
    const then = now() + aheadSeconds
    const claims = { iat: then, nbf: then, exp: then + 300, auth_time: then }
    const late = { iat: then - 400, exp: then - 420 }
    const attempt = async (claims: Record<string, unknown>, date: string | undefined) => {
      const { server, complete } = await start({ claims }, { maxAgeSeconds: 0 })
      const dated: typeof fetch = async (...request) => {
        const { body, headers, status } = await server.fetch(...request)
        return new Response(body, { status, headers: { ...Object.fromEntries(headers), ...(date && { date }) } })
      }
      return complete({ fetch: dated })
    }
    await expect(attempt(claims, new Date(then * 1000).toUTCString())).resolves.toHaveProperty('claims.sub', 'ada')
    await expect(attempt(claims, undefined)).resolves.toHaveProperty('claims.sub', 'ada')
    await expect(attempt(claims, 'yesterday')).resolves.toHaveProperty('claims.sub', 'ada')
    await refusal(attempt({ ...claims, ...late }, new Date(then * 1000).toUTCString()), 'id_token_invalid')
  })

  it('never gives the sign-in’s secrets back in its scope', async () => {
    const { complete, transaction } = await start(
      {
        respond: (body) =>
          Response.json({
            access_token: 'the-token',
            token_type: 'Bearer',
            scope: `api ${body.get('code_verifier')} the-token \u001b[31m`,
          }),
      },
      { scope: 'api' },
    )
    const { tokens } = await complete()
    expect(tokens.scope).not.toContain(transaction.codeVerifier)
    expect(tokens.scope).not.toContain('the-token')
    expect(tokens.scope.split(' ')).toContain('api')
  })

  it('reads a long token once, however many scope values come', async () => {
    const normalize = vi.spyOn(String.prototype, 'normalize')
    const refresh_token = 'long-token'.repeat(2000)
    const scope = Array.from({ length: 300 }, (_, n) => `api.read.${n}`).join(' ')
    const { complete } = await start({ token: { refresh_token, scope } }, { scope: 'openid' })
    await expect(complete()).resolves.toHaveProperty('tokens.scope', scope)
    const ofToken = normalize.mock.contexts.filter((text) => `${text}` === refresh_token)
    normalize.mockRestore()
    expect(ofToken).toHaveLength(1)
  })

  it('needs no ID token where openid was not asked for', async () => {
    const { complete } = await start({}, { scope: 'api' })
    await expect(complete()).resolves.toMatchObject({ claims: undefined, tokens: { idToken: undefined, scope: 'api' } })
  })

  it.each<[string, Record<string, unknown>]>([
    ['an unknown token_type', { token_type: 'mac' }],
    ['a DPoP token nobody asked for', { token_type: 'DPoP' }],
    ['no access token', { access_token: undefined }],
    ['an access token that is no string', { access_token: { __proto__: null, a: 1 } }],
    ['no token_type', { token_type: undefined }],
    ['an access token in a list', { access_token: ['a'] }],
    ['a scope that is no string', { scope: { a: 1 } }],
    ['a list of scopes that are no strings', { scope: ['openid', 1] }],
    ['a refresh token that is no string', { refresh_token: 1 }],
  ])('with %s is refused', async (_, token) => {
    await refusal((await start({ token })).complete(), 'token_response_invalid')
  })

  it.each([undefined, null, '', false, 'soon', '3600 s', true, {}])(
    'with %o as lifetime leaves it open',
    async (expires_in) => {
      const { complete } = await start({ token: { expires_in } })
      await expect(complete()).resolves.toHaveProperty('tokens.expiresAtMs', undefined)
    },
  )

  it.each([0, -1, '0'])(
    'with %o as lifetime is expired, or open where there is no refresh token',
    async (expires_in) => {
      const { tokens } = await (await start({ token: { expires_in } })).complete()
      expect(tokens.expiresAtMs).toBeLessThanOrEqual(Date.now())
      const alone = await start({ token: { expires_in, refresh_token: null } })
      await expect(alone.complete()).resolves.toHaveProperty('tokens.expiresAtMs', undefined)
    },
  )

  it('reports the scope that was granted, and fails without the required part', async () => {
    const narrowed = { token: { scope: 'openid' } }
    const asked = { scope: 'openid mail:send' }
    await expect((await start(narrowed, asked)).complete()).resolves.toHaveProperty('tokens.scope', 'openid')
    const error = await refusal(
      (await start(narrowed, { ...asked, requiredScope: 'mail:send' })).complete(),
      'scope_missing',
    )
    expect(error.message).toContain('mail:send')
    await (await start({}, { ...asked, requiredScope: 'mail:send' })).complete()
    // The backend of a browser app takes it from the browser: it may hold anything.
    const { transaction, complete } = await start(narrowed, asked)
    const secret = await refusal(complete({}, { requiredScope: transaction.codeVerifier }), 'scope_missing')
    expect(secret.message).not.toContain(transaction.codeVerifier)
  })

  it.each<[string, () => Response]>([
    ['HTML', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a list', () => Response.json([])],
    ['a server error', () => Response.json({ message: 'oops' }, { status: 500 })],
  ])('as %s is refused', async (_, respond) => {
    const error = await refusal((await start({ respond })).complete(), 'token_response_invalid')
    expect(error.retryable).toBe(false)
  })

  it('with an odd error_description is still refused in our words', async () => {
    const respond = () => Response.json({ error: 'invalid_grant', error_description: { a: 1 } }, { status: 400 })
    const error = await refusal((await start({ respond })).complete(), 'token_request_refused')
    expect(error.serverError).toEqual({ error: 'invalid_grant' })
  })

  it('with an OAuth error keeps a challenge from hiding it', async () => {
    const respond = () =>
      Response.json(
        { error: 'invalid_client', error_description: 'who?' },
        { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
      )
    const error = await refusal((await start({ respond })).complete(), 'token_request_refused')
    expect(error.serverError).toEqual({ error: 'invalid_client', description: 'who?' })
  })

  it('shows what the server says of parameters that are no secret', async () => {
    const description = (body: URLSearchParams) =>
      `${body.get('client_id')} may not use ${body.get('grant_type')} for ${body.get('resource')} at ${body.get('redirect_uri')}`
    const respond = (body: URLSearchParams) =>
      Response.json({ error: 'unauthorized_client', error_description: description(body) }, { status: 400 })
    const { complete } = await start({ respond }, { clientId: 'my-own-client', resource: 'https://api.example/' })
    expect((await refusal(complete(), 'token_request_refused')).serverError?.description).toBe(
      `my-own-client may not use authorization_code for https://api.example/ at ${redirectUri}`,
    )
  })

  it('withholds what a client authentication of another kind has sent, in a header or a parameter', async () => {
    const clientAuth: ClientAuth = {
      method: 'none',
      authenticate(_server, { client_id }, body, headers) {
        headers.set('authorization', 'Custom k3y')
        for (const [name, value] of Object.entries({ client_id, own_client_id: 'pw1', scope_key: 'pw2' }))
          body.set(name, value)
      },
    }
    for (const secret of ['k3y', 'pw1', 'pw2', 'fine']) {
      const respond = () =>
        Response.json({ error: 'invalid_client', error_description: `not ${secret}` }, { status: 401 })
      const error = await refusal((await start({ respond })).complete({ clientAuth }), 'token_request_refused')
      expect(error.serverError?.description).toBe(secret === 'fine' ? 'not fine' : '(withheld)')
    }
  })

  it('never gives the sign-in’s secrets back, whatever the server echoes', async () => {
    const respond = (body: URLSearchParams) =>
      Response.json(
        { error: 'invalid_grant', error_description: `${body}\u0007\n${body.get('code_verifier')}` },
        { status: 400 },
      )
    const { complete, transaction, callback } = await start({ respond })
    const error = await refusal(complete(), 'token_request_refused')
    expect(error.serverError).toEqual({ error: 'invalid_grant', description: '(withheld)' })
    // Only who asks for it by name sees it.
    expect(revealServerError(error)?.description).toContain(transaction.codeVerifier)
    const shown = `${inspect(error, { depth: null, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`
    for (const secret of [transaction.codeVerifier, `${callback.searchParams.get('code')}`])
      expect(shown).not.toContain(secret)
  })
})

describe('the ID token is refused with', () => {
  it('no ID token at all', async () => {
    await idTokenRefused({ token: { id_token: undefined } })
    const error = await refusal((await start({ token: { id_token: undefined } })).complete(), 'id_token_invalid')
    expect(error.message).toContain('it is missing')
  })
  it('a sub that is no text: the message names the claim', async () => {
    const error = await refusal((await start({ claims: { sub: 1 } })).complete(), 'id_token_invalid')
    expect(error.claim).toBe('sub')
    expect(error.message).toContain('its sub is wrong')
  })
  it('something that is no token', () =>
    refusal(
      start({ token: { id_token: 'x' } }).then(({ complete }) => complete()),
      'token_response_invalid',
    ))

  it.each([
    ['an encrypted token', (token: string) => `${token}.x.x`],
    ['a header without alg', (token: string) => token.replace(/^[^.]*/, 'e30')],
    ['a payload that is no JSON', (token: string) => token.replace(/\..*\./, '.e30x.')],
    ['a payload that is no object', (token: string) => token.replace(/\..*\./, '.W10.')],
  ])('%s', async (_, changed) => {
    const { complete } = await start()
    const { tokens } = await complete()
    await idTokenRefused({ token: { id_token: changed(`${tokens.idToken}`) } })
  })

  it.each<[string, Record<string, unknown>]>([
    ['another iss', { iss: 'https://evil.example' }],
    ['an iss that differs by a slash', { iss: 'https://as.example/' }],
    ['another aud', { aud: 'other' }],
    ['a second aud', { aud: ['spa', 'other'], azp: 'spa' }],
    ['a second aud that is no string', { aud: ['spa', { a: 1 }], azp: 'spa' }],
    ['a second aud that is empty', { aud: ['spa', ''], azp: 'spa' }],
    ['an empty list as aud', { aud: [] }],
    ['another azp', { azp: 'other' }],
    ['no iss', { iss: undefined }],
    ['no aud', { aud: undefined }],
    ['a list in aud', { aud: [['spa']] }],
    ['a list beside us in aud', { aud: ['spa', ['spa']], azp: 'spa' }],
    ['two aud and no azp', { aud: ['spa', 'spa'] }],
    ['an iss that is no text', { iss: 1 }],
    ['an aud that is no text', { aud: 1 }],
    ['a second aud that is no text and cannot become one', { aud: ['spa', { toString: null }], azp: 'spa' }],
    ['an exp that is no number', { exp: '9999999999' }],
    ['an nbf that is no number', { nbf: '1' }],
    ['an iat that is no number', { iat: `${now()}` }],
    ['an iat that cannot become a number', { iat: { valueOf: null, toString: null } }],
    ['an auth_time that is no number', { auth_time: `${now()}` }],
    ['a negative auth_time', { auth_time: -1 }],
    ['a sub that is no text', { sub: 1 }],
    ['no exp', { exp: undefined }],
    ['exp in the past', { exp: now() - 301 }],
    ['nbf in the future', { nbf: now() + 600 }],
    ['no iat', { iat: undefined }],
    ['exp before iat', { iat: now() + 86_400 }],
    ['no sub', { sub: undefined }],
    ['an empty sub', { sub: '' }],
    ['no nonce', { nonce: undefined }],
    ['another nonce', { nonce: 'other' }],
    ['a wrong at_hash', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ])('%s', (_, claims) => idTokenRefused({ claims }))

  it.each(['none', 'HS256', 'hs512', 'NONE'])('alg %s, though the server lists it', async (alg) => {
    const listed = { metadata: { id_token_signing_alg_values_supported: ['RS256', alg] } }
    await idTokenRefused({ ...listed, joseHeader: { alg } })
    const error = await refusal((await start({ ...listed, joseHeader: { alg } })).complete(), 'id_token_invalid')
    expect(error.message).toContain(`its alg is ${alg}`)
    expect(error.hint).toContain('RS256 or ES256')
  })

  it('any alg but RS256, where the server lists none (OpenID Connect Discovery §3)', async () => {
    const unlisted = async (alg: string) => {
      const { transaction, complete } = await start({ joseHeader: { alg } })
      const { id_token_signing_alg_values_supported: _, ...server } = transaction.server
      return complete({}, { server })
    }
    await expect(unlisted('RS256')).resolves.toHaveProperty('claims.sub', 'ada')
    await refusal(unlisted('ES256'), 'id_token_invalid')
  })

  it('an alg that the server does not list, which the message names', async () => {
    const error = await refusal((await start({ joseHeader: { alg: 'RS256' } })).complete(), 'id_token_invalid')
    expect(error.message).toContain('its alg is RS256')
  })
  it('what is told in full: another client, or by how much a time is wrong', async () => {
    const other = await refusal((await start({ claims: { aud: 'other' } })).complete(), 'id_token_invalid')
    expect(other).toMatchObject({ claim: 'aud', hint: 'Check clientId.' })
    // The nonce proves that iat is the server's time, whatever this clock says.
    const times = { iat: now() + 600, exp: now() + 200 }
    const late = await refusal((await start({ claims: times })).complete(), 'id_token_invalid')
    expect(late.message).toContain('its exp is wrong (-400 s from now)')
  })
  it('a crit header', () => idTokenRefused({ joseHeader: { crit: ['x'] } }))
  it('a signature of another key, if signatures are checked', () =>
    idTokenRefused({ signedBy: 'foreign_key' }, {}, { signature: checkIdTokenSignature }))

  it('a nonce, where none was asked for', async () => {
    const plain = { scope: 'api' }
    await expect((await start({ claims: {} }, plain)).complete()).resolves.toHaveProperty('claims.sub', 'ada')
    await refusal((await start({ claims: { nonce: 'injected' } }, plain)).complete(), 'id_token_invalid')
  })

  describe('maxAgeSeconds', () => {
    it('no auth_time', () => idTokenRefused({ claims: { auth_time: undefined } }, { maxAgeSeconds: 60 }))
    it('an auth_time that is too old', () =>
      idTokenRefused({ claims: { auth_time: now() - 90 } }, { maxAgeSeconds: 60 }))
    it('an auth_time from before the start, for 0', () =>
      idTokenRefused({ claims: { auth_time: now() - 20 } }, { maxAgeSeconds: 0 }))

    it('but a person who took their time is let in', async () => {
      const { complete, transaction } = await start({ claims: { auth_time: now() } }, { maxAgeSeconds: 0 })
      await complete({}, { idToken: { ...transaction.idToken, requestedAtMs: Date.now() - 120_000 } })
    })

    it('and the server’s clock is what counts', async () => {
      const ahead = now() + 120
      const fresh = { iat: ahead, exp: ahead + 300, auth_time: ahead - 2 }
      await (await start({ claims: fresh }, { maxAgeSeconds: 0 })).complete()
      await refusal(
        (await start({ claims: { ...fresh, auth_time: now() } }, { maxAgeSeconds: 0 })).complete(),
        'id_token_invalid',
      )
    })
  })

  it('a weaker acr than asked for', async () => {
    const asked = { acrValues: 'phr phrh' }
    await (await start({ claims: { acr: 'phrh' } }, asked)).complete()
    await refusal((await start({ claims: { acr: 'pwd' } }, asked)).complete(), 'acr_not_met')
    await refusal((await start({ claims: { acr: undefined } }, asked)).complete(), 'acr_not_met')
  })
})

describe('the signature check', () => {
  it('fetches the keys beside the token request', async () => {
    const { server, complete } = await start()
    await complete({ signature: checkIdTokenSignature })
    expect(server.requests.map(({ url }) => url)).toEqual(['https://as.example/jwks', 'https://as.example/token'])
  })

  it('has nothing to check where no ID token comes', async () => {
    const { complete } = await start({}, { scope: 'api' })
    await expect(complete({ signature: checkIdTokenSignature })).resolves.toHaveProperty('claims', undefined)
  })

  it.each<[string, Faults, string]>([
    ['keys of another server', { jwks: () => Response.json({ keys: [] }) }, 'id_token_invalid'],
    ['no key set', { jwks: () => Response.json({}) }, 'id_token_invalid'],
    ['a page instead of keys', { jwks: () => new Response('<p>') }, 'id_token_invalid'],
    ['keys that are no objects', { jwks: () => Response.json({ keys: [null, 1] }) }, 'id_token_invalid'],
    ['an error instead of keys', { jwks: () => new Response('', { status: 500 }) }, 'response_refused'],
  ])('refuses with %s', async (_, faults, code) => {
    await refusal((await start(faults)).complete({ signature: checkIdTokenSignature }), code as 'id_token_invalid')
  })

  it('that cannot get the keys ends the sign-in, for the code is spent', async () => {
    const jwks = () => {
      throw new TypeError('offline')
    }
    const error = await refusal((await start({ jwks })).complete({ signature: checkIdTokenSignature }), 'network_error')
    expect(error.retryable).toBe(false)
  })

  it.each([undefined, 'http://as.example/jwks', 'jwks'])(
    'with the jwks_uri %s asks nobody and refuses',
    async (jwks_uri) => {
      const { server, complete } = await start({ metadata: { jwks_uri } })
      await refusal(complete({ signature: checkIdTokenSignature }), 'id_token_invalid')
      expect(server.requests.map(({ url }) => url)).toEqual(['https://as.example/token'])
    },
  )

  it('refuses where two keys match', async () => {
    const { server, complete } = await start()
    await complete({ signature: checkIdTokenSignature })
    const { keys } = await (await server.fetch('https://as.example/jwks')).json()
    const faults = { jwks: () => Response.json({ keys: [...keys, ...keys] }) }
    await refusal((await start(faults)).complete({ signature: checkIdTokenSignature }), 'id_token_invalid')
  })
})

describe('at_hash', () => {
  // Left half of the digest that goes with the algorithm (OpenID Connect Core §3.1.3.8), as base64url.
  it.each([
    ['RS256', 'SHA-256'],
    ['PS384', 'SHA-384'],
    ['ES512', 'SHA-512'],
    ['EdDSA', 'SHA-512'],
    ['Ed25519', 'SHA-512'],
  ])('of %s is held against %s', async (alg, algorithm) => {
    const access_token = 'the-access-token'
    const hash = Buffer.from(await crypto.subtle.digest(algorithm, new TextEncoder().encode(access_token)))
    const half = hash.subarray(0, hash.length / 2).toString('base64url')
    const faults = (at_hash: string): Faults => ({
      joseHeader: { alg },
      claims: { at_hash },
      token: { access_token },
      metadata: { id_token_signing_alg_values_supported: [alg] },
    })
    await expect((await start(faults(half))).complete()).resolves.toHaveProperty('claims.sub', 'ada')
    await refusal((await start(faults(`x${half.slice(1)}`))).complete(), 'id_token_invalid')
  })
})

describe('when no response comes', () => {
  it('the error is retryable, and a retry works', async () => {
    const { server, complete } = await start()
    const offline = async () => {
      throw new TypeError('fetch failed')
    }
    const error = await refusal(complete({ fetch: offline }), 'network_error')
    expect(error.retryable).toBe(true)
    expect(error.cause).toBe('TypeError')
    await expect(complete({ fetch: server.fetch })).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('the caller’s signal is honoured', async () => {
    const error = await refusal((await start()).complete({ signal: AbortSignal.abort() }), 'aborted')
    expect(error.retryable).toBe(true)
  })
})
