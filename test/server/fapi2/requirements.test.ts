/**
 * Every "shall" for clients of the FAPI 2.0 Security Profile (final, February 2025), by section and number. A test that
 * stands for one is named after it. Where a server or an attacker deviates, the same sign-in succeeds without the profile.
 *
 * | requirement | |
 * | --- | --- |
 * | 5.2.1 | TLS only |
 * | 5.3.3.1-1 | tokens bound by DPoP or mutual TLS |
 * | 5.3.3.1-2 | `private_key_jwt` or mutual TLS |
 * | 5.3.3.1-3 | access tokens in the header |
 * | 5.3.3.1-4 | no open redirector |
 * | 5.3.3.1-5 | `aud` of assertions: the issuer, a string |
 * | 5.3.3.1-6 | refresh tokens and their rotation |
 * | 5.3.3.1-7 | `mtls_endpoint_aliases` |
 * | 5.3.3.1-8 | nonces of DPoP |
 * | 5.3.3.1-9 | endpoints of the metadata document only |
 * | 5.3.3.1-10 | the issuer from an authoritative source |
 * | 5.3.3.1-11 | it is the one in the metadata |
 * | 5.3.3.1-12 | no sign-in that the user did not start |
 * | 5.3.3.1-13 | (should) least privileges: `scope` is the app's to choose |
 * | 5.3.3.2-1 | the code grant |
 * | 5.3.3.2-2 | pushed requests |
 * | 5.3.3.2-3 | S256 |
 * | 5.3.3.2-4 | a challenge for each request, bound to the browser |
 * | 5.3.3.2-5 | `iss` of the response |
 * | 5.3.3.2-6 | `client_id` and `request_uri` only |
 * | 5.3.3.2-7 | (should) nonces of 64 characters at most |
 * | 5.4.1-1.1 | JWTs by RFC 8725: every signature is verified |
 * | 5.4.1-1.2 | PS256, ES256 or EdDSA |
 * | 5.4.1-1.3 | no `none` |
 * | 5.4.1-2 | RSA keys of 2048 bits |
 * | 5.4.1-3 | curves of 224 bits: only P-256 and Ed25519 are possible |
 * | 5.4.1-4 | 128 bits of randomness |
 * | 5.4.3 | keys with one `kid` are told apart |
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  fapi2,
  none,
  privateKeyJwt,
  privateKeyJwtWithInjectableAudience,
  pushed,
  tlsClientAuth,
} from '../../../src/server.js'
import { type Bend, bendMetadata, createFapiApp, optionsOf, ownDpop, TYPED } from '../../helpers/fapi-app.js'
import { type FapiServer, REDIRECT_URI, startFapiServer } from '../../helpers/fapi-server.js'
import { refusal } from '../../helpers/refusal.js'
import { createSigner, type Signer } from '../../helpers/signer.js'
import { signingKey } from '../../helpers/tls.js'

let server: FapiServer
beforeAll(async () => {
  server = await startFapiServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

const profile = (bend?: Bend, more: object = {}) =>
  createFapiApp(server, 'jwt-dpop', { ...optionsOf(server).profile, ...more }, bend)
const plain = (bend?: Bend, more: object = {}) =>
  createFapiApp(server, 'jwt-dpop', { ...optionsOf(server).plain, ...more }, bend)
const sentTo = (path: string) => server.requests.filter(({ url }) => new URL(url).pathname === path)
const claimsOf = (jwt = '') => JSON.parse(Buffer.from(`${jwt.split('.')[1]}`, 'base64url').toString())
const headerOf = (jwt = '') => JSON.parse(Buffer.from(`${jwt.split('.')[0]}`, 'base64url').toString())

/** Whoever signs in is refused with this code; without the profile the same sign-in succeeds. */
async function onlyWithProfile(code: string, bend: Bend, withoutProfile: object = {}) {
  const guarded = profile(bend)
  await guarded.signIn().catch(() => {})
  expect(guarded.failure()?.code).toBe(code)
  expect((await plain(bend, withoutProfile).signIn()).status).toBe(303)
}

/** The ID token is one of another signer's, with the same claims. */
const signedBy =
  (signer: Pick<Signer, 'sign'>, keys: readonly object[], listed: readonly string[]): Bend =>
  async (url, response) => {
    if (url.pathname === '/jwks') return Response.json({ keys })
    if (url.pathname !== '/token' || !response.ok)
      return bendMetadata({ id_token_signing_alg_values_supported: listed })(url, response)
    const body = await response.json()
    return Response.json({ ...body, id_token: signer.sign(claimsOf(body.id_token)) })
  }

it('5.2.1: nothing but TLS, not even on this machine', async () => {
  const insecure = { insecure: allowInsecureLoopback }
  expect(() => profile(undefined, insecure)).toThrow(/insecure: is not possible with fapi2/)
  expect(() => profile(undefined, { ...insecure, issuer: 'http://127.0.0.1:1' })).toThrow(/insecure/)
  plain(undefined, { ...insecure, issuer: 'http://127.0.0.1:1' })
  const cleartext = bendMetadata({ token_endpoint: server.issuer.replace('https', 'http') })
  await profile(cleartext)
    .signIn()
    .catch(() => {})
  expect(sentTo('/request')).toEqual([])
})

describe('5.3.3.1-1: tokens are bound to a key', () => {
  it('a bearer token is refused', async () => {
    const bearer: Bend = async (url, response) =>
      url.pathname === '/token' && response.ok
        ? Response.json({ ...(await response.json()), token_type: 'Bearer' })
        : response
    const refused = profile(bearer)
    await refused.signIn()
    expect(refused.failure()?.code).toBe('token_response_invalid')
  })

  it('an API accepts the token with the key or the certificate only', async () => {
    for (const [clientId, senderConstrained] of [
      ['jwt-dpop', ownDpop()],
      ['jwt-certificate', server.certificate],
    ] as const) {
      const options = fapi2({ clientAuth: privateKeyJwt(server.jwk), senderConstrained } as never)
      const app = createFapiApp(server, clientId, options)
      await app.signIn()
      const { accessToken } = await app.auth.getAccessToken(app.request('/'))
      for (const scheme of ['Bearer', 'DPoP']) {
        const headers = { authorization: `${scheme} ${accessToken}` }
        expect((await server.fetch(`${server.issuer}/me`, { headers })).status).not.toBe(200)
      }
    }
  })

  it.each([
    ['jwt-dpop', { dpop_signing_alg_values_supported: undefined }, 'ES256 in dpop_signing_alg_values_supported'],
    ['jwt-dpop', { dpop_signing_alg_values_supported: ['PS256'] }, 'ES256 in dpop_signing_alg_values_supported'],
    [
      'jwt-certificate',
      { tls_client_certificate_bound_access_tokens: undefined },
      'tls_client_certificate_bound_access_tokens: true',
    ],
  ])('a server that does not bind tokens of %s is not used: %o', async (clientId, metadata, missing) => {
    const senderConstrained = clientId === 'jwt-dpop' ? ownDpop() : server.certificate
    const options = fapi2({ clientAuth: privateKeyJwt(server.jwk), senderConstrained } as never)
    const { auth } = createFapiApp(server, clientId, options, bendMetadata(metadata))
    expect((await refusal(auth.preload(), 'not_supported')).message).toContain(missing)
  })
})

describe('5.3.3.1-2: the client authenticates with a key', () => {
  it.each([
    ['none()', () => none()],
    ['a secret', () => clientSecretBasic('s3cret')],
    ['nothing', () => undefined],
    ['one of its own making', () => ({ ...privateKeyJwt(server.jwk) })],
  ])('%s is no choice', (_, clientAuth) => {
    const options = { clientAuth: clientAuth() as never, senderConstrained: ownDpop() }
    expect(() => fapi2(options)).toThrow(/clientAuth: must be privateKeyJwt\(key\) or mutual TLS/)
  })

  it('a server that does not list the method is not used', async () => {
    const bend = bendMetadata({ token_endpoint_auth_methods_supported: undefined })
    await onlyWithProfile('not_supported', bend)
  })
})

it('5.3.3.1-3: access tokens are sent in the header, with a proof', async () => {
  const app = profile()
  await app.signIn()
  await app.auth.fetch(app.request('/'), `${server.issuer}/me`)
  const [first] = sentTo('/me')
  expect(first?.headers.get('authorization')).toMatch(/^DPoP \S+$/)
  expect(claimsOf(`${first?.headers.get('dpop')}`).ath).toMatch(/^[\w-]{43}$/)
  expect(server.requests.filter(({ url }) => url.includes('access_token'))).toEqual([])
})

it('5.3.3.1-4: returnTo leads to no other origin', async () => {
  for (const target of ['https://evil.example/', '//evil.example', '/\\evil.example'])
    expect((await profile().signIn(`?returnTo=${encodeURIComponent(target)}`)).headers.get('location')).toBe('/')
})

it('5.3.3.1-5: the aud of every assertion is the issuer, a string', async () => {
  const app = profile()
  await app.signIn()
  await app.auth.getAccessToken(app.request('/'), { fresh: true })
  const origin = { ...TYPED, 'sec-fetch-site': 'same-origin' }
  await app.auth.signOut(new Request(app.request('/', origin), { method: 'POST' }))
  for (const path of ['/request', '/token', '/token/revocation']) {
    const sent = sentTo(path)
    expect(sent.length).toBeGreaterThan(0)
    for (const { body } of sent) {
      const { aud } = claimsOf(`${new URLSearchParams(body).get('client_assertion')}`)
      expect(aud).toBe(server.issuer)
    }
  }
  const clientAuth = privateKeyJwtWithInjectableAudience(server.jwk) as never
  expect(() => fapi2({ clientAuth, senderConstrained: ownDpop() })).toThrow(/clientAuth/)
})

it('5.3.3.1-6: a rotated refresh token is used, and the old one no more', async () => {
  const app = profile()
  await app.signIn()
  for (let count = 0; count < 3; count++) await app.auth.getAccessToken(app.request('/'), { fresh: true })
  const bodies = sentTo('/token').map(({ body }) => new URLSearchParams(body))
  const used = new Set(bodies.flatMap((body) => body.get('refresh_token') ?? []))
  expect(used.size).toBe(3)
})

it('5.3.3.1-7: the endpoints for mutual TLS are used', async () => {
  const at: string[] = []
  const [, { fetch }] = server.certificate.route({ issuer: '', token_endpoint: '' }, {})
  const clientAuth = tlsClientAuth({
    fetch: (url: string, init?: RequestInit) => {
      at.push(url)
      return fetch!(url, init)
    },
  })
  const aliases = {
    token_endpoint: `${server.issuer}/token?mtls`,
    pushed_authorization_request_endpoint: `${server.issuer}/request?mtls`,
  }
  const bend = bendMetadata({ mtls_endpoint_aliases: aliases })
  const { fetch: _, ...options } = fapi2({ clientAuth, senderConstrained: clientAuth })
  const app = createFapiApp(server, 'mtls-certificate', options, bend)
  expect((await app.signIn()).status).toBe(303)
  await app.auth.getAccessToken(app.request('/'), { fresh: true })
  const { pushed_authorization_request_endpoint, token_endpoint } = aliases
  expect(at).toEqual([pushed_authorization_request_endpoint, token_endpoint, token_endpoint])
  // What needs no authentication stays where it is.
  expect(sentTo('/jwks')[0]?.url).toBe(`${server.issuer}/jwks`)
})

it('5.3.3.1-8: a nonce of the server is put into the proofs', async () => {
  await profile().signIn()
  const proofs = sentTo('/token').map(({ headers }) => claimsOf(`${headers.get('dpop')}`))
  expect(proofs.at(-1)?.nonce).toMatch(/./)
})

describe('5.3.3.1-9: endpoints are those of the metadata document', () => {
  it('others are refused at construction, and were used without the profile', async () => {
    const { issuer } = server
    const metadata = {
      ...(await (await server.fetch(`${issuer}/.well-known/openid-configuration`)).json()),
      token_endpoint: 'https://evil.example/token',
    }
    expect(() => profile(undefined, { metadata })).toThrow(/metadata: is not possible with fapi2/)
    const app = plain(undefined, { metadata })
    await app.signIn()
    expect(server.requests.map(({ url }) => url)).toContain('https://evil.example/token')
  })
})

it('5.3.3.1-10: no request chooses the issuer', async () => {
  const url = await profile().leave('?issuer=https://evil.example&iss=https://evil.example')
  expect(url.origin).toBe(server.issuer)
  expect(() => profile(undefined, { issuer: 'http://as.example' })).toThrow(/issuer/)
})

it('5.3.3.1-11: metadata of another issuer is refused', async () => {
  const app = profile(bendMetadata({ issuer: 'https://evil.example' }))
  await refusal(app.leave(), 'issuer_mismatch').catch(() => {})
  expect(app.failure()?.code).toBe('issuer_mismatch')
})

describe('5.3.3.1-12: the user starts the sign-in', () => {
  const site = (value: string) => ({ ...TYPED, 'sec-fetch-site': value })
  it.each<[string, HeadersInit]>([
    ['a link of another site', site('cross-site')],
    ['a link of a sub-domain', site('same-site')],
    ['a browser that does not say', {}],
  ])('%s does not, and does without the profile', async (_, headers) => {
    const app = profile()
    expect((await app.visit('/auth/sign-in', headers)).status).toBe(403)
    expect(app.failure()?.code).toBe('start_refused')
    expect((await plain().visit('/auth/sign-in', headers)).status).toBe(303)
  })

  it.each<[string, HeadersInit]>([
    ['who types the address', TYPED],
    ['a page of the app', site('same-origin')],
    ['a page of the app, in an old browser', { origin: new URL(REDIRECT_URI).origin }],
  ])('%s does', async (_, headers) => {
    expect((await profile().visit('/auth/sign-in', headers)).status).toBe(303)
  })
})

describe('5.3.3.2: the code flow', () => {
  it('5.3.3.2-1, -2, -3, -7: a code is requested by a pushed request, with S256, and a short nonce', async () => {
    await profile().signIn()
    const [push] = sentTo('/request').map(({ body }) => new URLSearchParams(body))
    expect(push?.get('response_type')).toBe('code')
    expect(push?.get('code_challenge_method')).toBe('S256')
    expect(push?.get('nonce')?.length).toBeLessThanOrEqual(64)
    const [redeemed] = sentTo('/token').map(({ body }) => new URLSearchParams(body))
    expect(redeemed?.get('grant_type')).toBe('authorization_code')
  })

  it.each([
    ['pushed_authorization_request_endpoint', { pushed_authorization_request_endpoint: undefined }],
    ['S256 in code_challenge_methods_supported', { code_challenge_methods_supported: undefined }],
    ['authorization_response_iss_parameter', { authorization_response_iss_parameter_supported: undefined }],
    ['authorization_response_iss_parameter', { authorization_response_iss_parameter_supported: 'true' }],
    ['private_key_jwt in', { token_endpoint_auth_methods_supported: [] }],
    ['ES256 in token_endpoint', { token_endpoint_auth_signing_alg_values_supported: ['PS256'] }],
    ['id_token_signing_alg', { id_token_signing_alg_values_supported: ['RS256'] }],
  ])('a server without %s is refused before the user leaves: %o', async (missing, metadata) => {
    const app = profile(bendMetadata(metadata))
    expect((await refusal(app.auth.preload(), 'not_supported')).message).toContain(missing)
    await app.leave().catch(() => {})
    expect(sentTo('/request')).toEqual([])
    await plain(bendMetadata(metadata)).auth.preload()
  })

  it('the error names all that is missing', async () => {
    const error = await refusal(
      profile(
        bendMetadata({
          pushed_authorization_request_endpoint: undefined,
          code_challenge_methods_supported: undefined,
          authorization_response_iss_parameter_supported: false,
          token_endpoint_auth_methods_supported: ['client_secret_basic'],
          token_endpoint_auth_signing_alg_values_supported: ['RS256'],
          dpop_signing_alg_values_supported: [],
          id_token_signing_alg_values_supported: ['RS256'],
        }),
      ).auth.preload(),
      'not_supported',
    )
    expect(error.message.match(/;/g)).toHaveLength(6)
  })

  it('5.3.3.2-4: each request has a challenge of its own, and another browser cannot finish it', async () => {
    const [app, other] = [profile(), profile()]
    const callback = await app.answer(await app.leave())
    await app.leave()
    const challenges = sentTo('/request').map(({ body }) => new URLSearchParams(body).get('code_challenge'))
    expect(new Set(challenges).size).toBe(2)
    const stolen = await app.auth.handle(new Request(callback, { headers: TYPED }))
    expect(stolen?.status).toBe(400)
    expect((await other.visit(callback)).status).toBe(400)
    expect((await app.visit(callback)).status).toBe(303)
  })

  it('5.3.3.2-5: a response without iss, or of another issuer, is refused', async () => {
    const iss = (change: (url: URL) => void) => async (app: ReturnType<typeof profile>) => {
      const callback = new URL(await app.answer(await app.leave()))
      change(callback)
      await app.visit(callback.href)
      return app.failure()?.code
    }
    const without = iss((url) => url.searchParams.delete('iss'))
    expect(await without(profile())).toBe('callback_issuer_mismatch')
    expect(await iss((url) => url.searchParams.set('iss', 'https://evil.example'))(profile())).toBe(
      'callback_issuer_mismatch',
    )
    // A server that does not promise iss: only the profile refuses it, before the user leaves.
    const silent = bendMetadata({ authorization_response_iss_parameter_supported: false })
    expect(await without(plain(silent))).toBeUndefined()
    await refusal(profile(silent).auth.preload(), 'not_supported')
  })

  it('5.3.3.2-6: the URL holds client_id and request_uri only', async () => {
    expect([...(await profile().leave()).searchParams.keys()]).toEqual(['client_id', 'request_uri'])
    expect(() => profile(undefined, { par: pushed() })).toThrow(/par: is decided by fapi2/)
    expect(() => profile(undefined, { par: undefined })).toThrow(/par: is decided by fapi2/)
  })
})

describe('5.4.1: JWTs', () => {
  it('5.4.1-1.1: an ID token that the server did not sign is refused', async () => {
    const [own, thief] = [createSigner('PS256'), createSigner('PS256')]
    await onlyWithProfile('id_token_invalid', signedBy(thief, [own.jwk], ['PS256']), { signature: undefined })
  })

  it('5.4.1-1.2: an ID token with RS256 is refused, also where the server lists it', async () => {
    const signer = createSigner('RS256')
    await onlyWithProfile('id_token_invalid', signedBy(signer, [signer.jwk], ['RS256', 'PS256']))
  })

  it('5.4.1-1.2: a logout token with RS256 is refused, also where the server lists it', async () => {
    const signer = createSigner('RS256')
    const bend = signedBy(signer, [signer.jwk], ['RS256', 'PS256'])
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: server.issuer,
      aud: 'jwt-dpop',
      iat: now,
      exp: now + 60,
      sub: 'ada',
      jti: crypto.randomUUID(),
    }
    const event = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const logout_token = signer.sign({ ...claims, events: event }, { typ: 'logout+jwt' })
    const post = ({ auth }: ReturnType<typeof profile>) =>
      auth.handle(
        new Request(new URL('/auth/back-channel-logout', REDIRECT_URI), {
          method: 'POST',
          body: new URLSearchParams({ logout_token }),
        }),
      )
    expect((await post(profile(bend)))?.status).toBe(400)
    expect((await post(plain(bend)))?.status).toBe(200)
  })

  it.each(['PS256', 'ES256', 'EdDSA', 'Ed25519'])('5.4.1-1.2: an ID token with %s is accepted', async (alg) => {
    const signer = createSigner(alg)
    expect((await profile(signedBy(signer, [signer.jwk], [alg])).signIn()).status).toBe(303)
  })

  it('5.4.1-1.2: proofs and assertions have ES256, and a key for RS256 is refused', async () => {
    await profile().signIn()
    const sent = sentTo('/token').at(-1)
    expect(headerOf(`${sent?.headers.get('dpop')}`).alg).toBe('ES256')
    expect(headerOf(`${new URLSearchParams(sent?.body).get('client_assertion')}`).alg).toBe('ES256')
    const { jwk, pem } = await signingKey('RS256')
    for (const clientAuth of [privateKeyJwt(jwk), privateKeyJwt(pem, { algorithm: 'RS256' })])
      expect(() => fapi2({ clientAuth, senderConstrained: ownDpop() })).toThrow(/RS256 is not allowed/)
    for (const algorithm of ['PS256', 'ES256', 'Ed25519'] as const) {
      const { pair, jwk, pem } = await signingKey(algorithm)
      for (const key of [pair.privateKey, { ...jwk, alg: algorithm }, pem])
        fapi2({ clientAuth: privateKeyJwt(key, { algorithm }), senderConstrained: ownDpop() })
    }
  })

  it('5.4.1-1.3: an ID token without a signature is refused', async () => {
    const none = {
      sign: (claims: object | string) =>
        `${[{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`,
    }
    const app = profile(signedBy(none, [], ['none', 'PS256']))
    await app.signIn()
    expect(app.failure()?.code).toBe('id_token_invalid')
  })

  it('5.4.1-2: an RSA key of 1024 bits is refused, the server’s and the client’s', async () => {
    const short = createSigner('PS256', 'k', 1024)
    await onlyWithProfile('id_token_invalid', signedBy(short, [short.jwk], ['PS256']), { signature: undefined })
    const algorithm = { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1) }
    const { privateKey } = (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])) as CryptoKeyPair
    expect(() => privateKeyJwt(privateKey)).toThrow(/2048 bits/)
  })

  it('5.4.1-4: verifier, state and nonce have 256 random bits', async () => {
    await profile().signIn()
    const [push] = sentTo('/request').map(({ body }) => new URLSearchParams(body))
    const [redeemed] = sentTo('/token').map(({ body }) => new URLSearchParams(body))
    for (const secret of [push?.get('nonce'), redeemed?.get('code_verifier')]) expect(secret).toMatch(/^[\w-]{43}$/)
    expect(push?.get('state')?.length).toBeGreaterThan(43)
  })

  it('5.4.3: of keys with one kid, the one of the right kind verifies', async () => {
    const [signer, other] = [createSigner('PS256'), createSigner('ES256')]
    expect((await profile(signedBy(signer, [other.jwk, signer.jwk], ['PS256', 'ES256'])).signIn()).status).toBe(303)
  })
})

describe('what fapi2() has decided cannot be replaced', () => {
  it.each<[string, () => object]>([
    ['par', () => ({ par: pushed() })],
    ['clientAuth', () => ({ clientAuth: clientSecretBasic('s3cret') })],
    ['dpop', () => ({ dpop: undefined })],
    ['signature', () => ({ signature: undefined })],
    ['profile', () => ({ profile: { ...optionsOf(server).profile.profile } })],
  ])('%s', (name, more) => {
    expect(() => profile(undefined, more())).toThrow(`${name}: is decided by fapi2()`)
  })

  it('a profile that is removed is missed before the user leaves', async () => {
    const app = profile(undefined, { profile: undefined })
    await app.leave().catch(() => {})
    expect(app.failure()?.code).toBe('config_invalid')
    expect(sentTo('/request')).toEqual([])
  })

  it.each<[string, object]>([
    ['nothing', {}],
    ['no key to bind tokens to', { clientAuth: privateKeyJwt(createSigner('ES256').privateJwk as never) }],
    ['no client authentication', { senderConstrained: ownDpop() }],
    ['a boolean', { clientAuth: true, senderConstrained: true }],
    ['two certificates', { clientAuth: tlsClientAuth(), senderConstrained: tlsClientAuth() }],
  ])('%s is config_invalid', (_, options) => {
    expect(() => fapi2(options as never)).toThrow(/Invalid configuration/)
  })
})
