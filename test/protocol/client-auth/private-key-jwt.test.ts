import { type JsonWebKey, KeyObject, type webcrypto } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import type { ClientAuth } from '../../../src/protocol/client-auth/client-auth.js'
import {
  type PrivateJwk,
  privateKeyJwt,
  privateKeyJwtWithInjectableAudience,
  type ServerMetadata,
  type SigningAlgorithm,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { type SigningKey, signingKey } from '../../helpers/tls.js'

const server = { issuer: 'https://as.example', token_endpoint: 'https://as.example/token' } as ServerMetadata
const ALGORITHMS = ['ES256', 'PS256', 'RS256', 'Ed25519'] as const
const keys = Object.fromEntries(
  await Promise.all(ALGORITHMS.map(async (algorithm) => [algorithm, await signingKey(algorithm)])),
) as Record<SigningAlgorithm, SigningKey>

async function assertionOf({ authenticate }: ClientAuth) {
  const body = new URLSearchParams()
  const headers = new Headers()
  await authenticate(server, { client_id: 'app' }, body, headers)
  const text = body.get('client_assertion') ?? ''
  const [header = '', payload = '', signature = ''] = text.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return {
    body,
    headers,
    header: read(header),
    claims: read(payload),
    input: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

/** RFC 7518 §3.1 and RFC 8037, said anew. */
const VERIFY: Record<SigningAlgorithm, AlgorithmIdentifier | RsaPssParams | EcdsaParams> = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  RS256: 'RSASSA-PKCS1-v1_5',
  Ed25519: 'Ed25519',
}

describe.each(ALGORITHMS)('privateKeyJwt with %s', (algorithm) => {
  const { pair, jwk, pem } = keys[algorithm]

  it.each<[string, () => ClientAuth]>([
    ['a CryptoKey', () => privateKeyJwt(pair.privateKey)],
    ['a JWK', () => privateKeyJwt(jwk)],
    ['a JWK and the algorithm', () => privateKeyJwt(withoutAlg(jwk), { algorithm })],
    ['a PEM', () => privateKeyJwt(pem, { algorithm })],
    ['a PEM with other line breaks', () => privateKeyJwt(`\n${pem.replaceAll('\n', '\r\n')}`, { algorithm })],
  ])('signs with %s', async (_, make) => {
    const { header, input, signature } = await assertionOf(make())
    expect(header.alg).toBe(algorithm)
    expect(await crypto.subtle.verify(VERIFY[algorithm], pair.publicKey, signature, input)).toBe(true)
  })
})

describe('the assertion', () => {
  const { jwk, pem } = keys.ES256

  it('says who, to whom and for how long', async () => {
    const now = Math.floor(Date.now() / 1000)
    const { body, headers, header, claims } = await assertionOf(privateKeyJwt({ ...jwk, kid: 'k1' }))
    expect([...headers]).toEqual([])
    expect(Object.fromEntries(body)).toMatchObject({
      client_id: 'app',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(header).toEqual({ alg: 'ES256', kid: 'k1', typ: 'client-authentication+jwt' })
    expect(claims).toEqual({
      iss: 'app',
      sub: 'app',
      aud: 'https://as.example',
      jti: expect.stringMatching(/^[\w-]{43}$/),
      iat: claims.iat,
      nbf: claims.iat,
      exp: claims.iat + 60,
    })
    expect(claims.iat).toBeGreaterThanOrEqual(now)
    expect(claims.iat).toBeLessThanOrEqual(now + 60)
  })

  it('has the old typ where that is asked for', async () => {
    expect((await assertionOf(privateKeyJwt(jwk, { typ: 'JWT' }))).header.typ).toBe('JWT')
  })

  it('names the key as asked, or as the JWK does, or not at all', async () => {
    const kid = async (...given: Parameters<typeof privateKeyJwt>) =>
      (await assertionOf(privateKeyJwt(...given))).header.kid
    expect(await kid({ ...jwk, kid: 'k1' }, { keyId: 'k2' })).toBe('k2')
    expect(await kid({ ...jwk, kid: 'k1' })).toBe('k1')
    expect(await kid(pem, { algorithm: 'ES256', keyId: 'k3' })).toBe('k3')
    expect(await kid(pem, { algorithm: 'ES256' })).toBeUndefined()
  })

  it('is another one for every request', async () => {
    const clientAuth = privateKeyJwt(jwk)
    const made = await Promise.all([1, 2, 3].map(() => assertionOf(clientAuth)))
    expect(new Set(made.map(({ claims }) => claims.jti)).size).toBe(3)
    expect(new Set(made.map(({ body }) => body.get('client_assertion'))).size).toBe(3)
  })

  it('reads a JWK whose alg is the older EdDSA', async () => {
    expect((await assertionOf(privateKeyJwt({ ...keys.Ed25519.jwk, alg: 'EdDSA' }))).header.alg).toBe('Ed25519')
  })
})

describe('privateKeyJwtWithInjectableAudience', () => {
  const other = { ...server, issuer: 'https://other.example', token_endpoint: 'https://other.example/token' }
  const use = async ({ authenticate }: ClientAuth, at = server) =>
    authenticate(at, { client_id: 'app' }, new URLSearchParams(), new Headers())

  it('differs in the audience alone: the token endpoint as one string', async () => {
    const { jwk } = await signingKey('ES256')
    const weak = await assertionOf(privateKeyJwtWithInjectableAudience(jwk, { keyId: 'k1' }))
    const strong = await assertionOf(privateKeyJwt(keys.ES256.jwk, { keyId: 'k1' }))
    expect(weak.claims.aud).toBe('https://as.example/token')
    expect(Object.keys(weak.claims)).toEqual(Object.keys(strong.claims))
    expect(weak.header).toEqual(strong.header)
    expect([...weak.body.keys()]).toEqual([...strong.body.keys()])
  })

  it.each<[string, (key: SigningKey) => Parameters<typeof privateKeyJwt>]>([
    ['a CryptoKey', ({ pair }) => [pair.privateKey]],
    ['a JWK', ({ jwk }) => [jwk]],
    ['a PEM', ({ pem }) => [pem, { algorithm: 'ES256' }]],
  ])('refuses a second issuer for %s, and puts nothing into the request', async (_, given) => {
    const clientAuth = privateKeyJwtWithInjectableAudience(...given(await signingKey('ES256')))
    await use(clientAuth)
    await use(clientAuth)
    const body = new URLSearchParams()
    const asking = Promise.resolve(clientAuth.authenticate(other, { client_id: 'app' }, body, new Headers()))
    const error = await refusal(asking, 'config_invalid')
    expect(error.message).toContain('was used with another issuer than https://other.example')
    expect([...body]).toEqual([])
    await use(clientAuth)
  })

  it.each([
    ['privateKeyJwt', privateKeyJwt],
    ['itself', privateKeyJwtWithInjectableAudience],
  ])('refuses a key that %s has used with another issuer', async (_, make) => {
    const { jwk } = await signingKey('ES256')
    await use(make(jwk), other)
    await refusal(use(privateKeyJwtWithInjectableAudience(jwk)), 'config_invalid')
  })

  it('does not limit privateKeyJwt', async () => {
    const { jwk } = await signingKey('ES256')
    await use(privateKeyJwt(jwk), other)
    await use(privateKeyJwt(jwk))
  })
})

describe('privateKeyJwt refuses at once', () => {
  const { pair, jwk, pem } = keys.ES256
  const { kty, crv, x, y } = jwk
  const pkcs1 = KeyObject.from(keys.RS256.pair.privateKey as webcrypto.CryptoKey)
    .export({ type: 'pkcs1', format: 'pem' })
    .toString()

  it.each<[string, unknown, object | undefined, RegExp]>([
    ['nothing', undefined, undefined, /key: must be/],
    ['null', null, undefined, /key: must be/],
    ['a number', 7, undefined, /key: must be/],
    ['a public CryptoKey', pair.publicKey, undefined, /key: must be private/],
    ['a public JWK', { kty, crv, x, y }, undefined, /key: must be a private/],
    ['an octet JWK', { kty: 'oct', k: 'aHVudGVyMg' }, undefined, /key: must be a private/],
    ['a text that is no PEM', 'hunter2', { algorithm: 'ES256' }, /PKCS#8/],
    ['a PKCS#1 PEM', pkcs1, { algorithm: 'RS256' }, /openssl pkcs8/],
    ['a PEM whose line breaks are backslash-n', pem.replaceAll('\n', '\\n'), { algorithm: 'ES256' }, /line breaks/],
    ['a PEM that is no base64', pem.replace(/.=*\n-/, '=====\n-'), { algorithm: 'ES256' }, /PKCS#8/],
    ['a PEM without its algorithm', pem, undefined, /algorithm: must be one of ES256, PS256, RS256, Ed25519/],
    ['an RSA JWK without its algorithm', withoutAlg(keys.PS256.jwk), undefined, /algorithm: must be one of/],
    ['a JWK with another alg', keys.RS256.jwk, { algorithm: 'PS256' }, /the key is for RS256/],
    ['an unsupported algorithm', jwk, { algorithm: 'HS256' }, /the key is for ES256/],
    [
      'the name of an Object.prototype member as algorithm',
      pem,
      { algorithm: 'constructor' },
      /algorithm: must be one of/,
    ],
    ['a CryptoKey for another algorithm', pair.privateKey, { algorithm: 'RS256' }, /key: must be for RS256/],
    ['a keyId that is no text', jwk, { keyId: 7 }, /keyId \(number\)/],
    ['a foreign typ', jwk, { typ: 'jwt' }, /typ: /],
    ['a typ that ends like one', jwk, { typ: 'my-JWT' }, /typ: /],
    ['a typ that starts like one', jwk, { typ: 'JWT2' }, /typ: /],
    ['a PEM with a text before it', `Bag Attributes\n${pem}`, { algorithm: 'ES256' }, /PKCS#8/],
    ['a PEM with another one after it', `${pem}\n${pem}`, { algorithm: 'ES256' }, /PKCS#8/],
  ])('%s', async (_, key, options, message) => {
    const error = await refusal(() => privateKeyJwt(key as string, options), 'config_invalid')
    expect(error.message).toMatch(message)
    expectNoKey(error)
  })

  it.each<[string, RsaHashedKeyGenParams | EcKeyGenParams, RegExp]>([
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384' }, /must be for ES256/],
    ['RSA of 1024 bits', rsa(1024, 'SHA-256'), /2048 bits/],
    ['RSA with SHA-1', rsa(2048, 'SHA-1'), /must be for/],
  ])('a CryptoKey of %s', async (_, parameters, message) => {
    const { privateKey } = (await crypto.subtle.generateKey(parameters, false, ['sign', 'verify'])) as CryptoKeyPair
    expect((await refusal(() => privateKeyJwt(privateKey), 'config_invalid')).message).toMatch(message)
  })

  it('a CryptoKey that is not for signing', async () => {
    const parameters = { name: 'ECDH', namedCurve: 'P-256' }
    const { privateKey } = (await crypto.subtle.generateKey(parameters, false, ['deriveBits'])) as CryptoKeyPair
    expect((await refusal(() => privateKeyJwt(privateKey), 'config_invalid')).message).toMatch(/usage sign/)
  })
})

describe('privateKeyJwt refuses at the first use', () => {
  const { jwk, pem } = keys.ES256
  const small = crypto.subtle
    .generateKey(rsa(1024, 'SHA-256'), true, ['sign', 'verify'])
    .then(({ privateKey }) => crypto.subtle.exportKey('jwk', privateKey))

  it.each<[string, () => Promise<ClientAuth> | ClientAuth]>([
    ['a PEM of another kind', () => privateKeyJwt(pem, { algorithm: 'RS256' })],
    ['a JWK of another kind', () => privateKeyJwt({ ...jwk, crv: 'P-384' } as JsonWebKey, { algorithm: 'ES256' })],
    ['a PEM cut short', () => privateKeyJwt(pem.replace(/\n.{64}\n/, '\n'), { algorithm: 'ES256' })],
    ['a broken JWK', () => privateKeyJwt({ ...jwk, x: 'AA' })],
    ['a JWK for encryption', () => privateKeyJwt({ ...jwk, use: 'enc' })],
    ['a JWK of 1024 bits', async () => privateKeyJwt(await small)],
  ])('%s, and puts nothing into the request', async (_, make) => {
    const { authenticate } = await make()
    const body = new URLSearchParams()
    for (const _ of [1, 2]) {
      const proving = Promise.resolve(authenticate(server, { client_id: 'app' }, body, new Headers()))
      const error = await refusal(proving, 'config_invalid')
      expect(error.message).toMatch(/key: (cannot be imported|must have 2048)/)
      expectNoKey(error)
    }
    expect([...body]).toEqual([])
  })
})

const withoutAlg = ({ alg: _, ...jwk }: PrivateJwk): PrivateJwk => jwk

/** No part of any key that was given stands in the error. */
function expectNoKey(error: Error & { hint: string }) {
  const told = `${error.message}${error.hint}${JSON.stringify(error)}${error.cause}`
  const parts = Object.values(keys).flatMap(({ jwk, pem }) => [jwk.d ?? '', ...pem.split('\n').slice(1, -2)])
  for (const part of ['hunter2', ...parts]) expect(told).not.toContain(part.slice(0, 16))
}

function rsa(modulusLength: number, hash: string): RsaHashedKeyGenParams {
  return { name: 'RSASSA-PKCS1-v1_5', modulusLength, hash, publicExponent: new Uint8Array([1, 0, 1]) }
}

it('has its registered name, and refuses a key that could be a shared secret', async () => {
  expect(privateKeyJwt(keys.ES256.jwk).method).toBe('private_key_jwt')
  const shared = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  expect((await refusal(() => privateKeyJwt(shared), 'config_invalid')).message).toContain('must be private')
  const foreign = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign', 'verify'])
  expect((await refusal(() => privateKeyJwt(foreign.privateKey), 'config_invalid')).message).toContain(
    'must be for ES256, PS256, RS256, Ed25519',
  )
})

it.each(['jwk', 'pem'] as const)('imports a %s so that nobody can export it again', async (form) => {
  const imported = vi.spyOn(crypto.subtle, 'importKey')
  await assertionOf(privateKeyJwt(keys.ES256[form], { algorithm: 'ES256' }))
  const extractable = imported.mock.calls.map((call) => call[3])
  imported.mockRestore()
  expect(extractable).toEqual([false])
})
