import { X509Certificate } from 'node:crypto'
import type { ClientAuthMethod, ClientMetadata } from 'oidc-provider'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mutualTlsFeature } from '../../helpers/mutual-tls-feature.js'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import { type MutualTls, mutualTls } from '../../../src/protocol/client-auth/mutual-tls.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  type CheckedMetadata,
  type ClientAuth,
  checkClientAuth,
  clientCredentialsGrant,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  completeAuthorization,
  discover,
  none,
  privateKeyJwt,
  type ServerMetadata,
  type SigningAlgorithm,
  type Transaction,
  tlsClientAuth,
} from '../../../src/protocol.js'
import { createPerson } from '../../helpers/person.js'
import { refusal } from '../../helpers/refusal.js'
import { createAuthority, selfSigned, signingKey, startTlsServer } from '../../helpers/tls.js'

const redirectUri = 'http://localhost:5173/callback'
const insecure = allowInsecureLoopback
const ALGORITHMS = ['ES256', 'PS256', 'RS256', 'Ed25519'] as const

/** One registered client: what the server knows of it, the proof that is right, and those that are wrong. */
interface Case {
  readonly registered: object
  readonly good: ClientAuth
  readonly bad: Readonly<Record<string, ClientAuth>>
}

const [secret, guess] = ['a:b%+ and thirty-two bytes or more', 'what somebody guessed, and as long as it']
const UNRESERVED = 'a-b.c_d~e*f and more, and as long as the others'.replace(/[ ,]/g, '~')
const [oldKey, newKey, strayKey] = await Promise.all([1, 2, 3].map(() => signingKey('ES256')))

async function keyCase(algorithm: SigningAlgorithm): Promise<Case> {
  const [{ jwk, publicJwk }, { jwk: stray }] = [await signingKey(algorithm), await signingKey(algorithm)]
  return {
    registered: {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: algorithm,
      jwks: { keys: [{ ...publicJwk, kid: 'k1', alg: algorithm, use: 'sig', key_ops: undefined }] },
    },
    good: privateKeyJwt(jwk, { keyId: 'k1' }),
    bad: { 'another key': privateKeyJwt(stray, { keyId: 'k1' }), 'no proof': none() },
  }
}

const authority = createAuthority()
const [other, own] = [createAuthority(), selfSigned('/CN=own')]
const byCertificate = (certificate: { cert: string; key: string }, method?: 'self_signed_tls_client_auth') =>
  mutualTls({ ...certificate, ca: authority.cert, method })
/** A certificate as a JWK Set has it (RFC 8705 §2.2.2). */
const certificateJwk = ({ cert }: { cert: string }) => {
  const { publicKey, raw } = new X509Certificate(cert)
  return { ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] }
}

/** Over TLS that trusts the server and shows no certificate. */
const plain = new Agent({ connect: { ca: authority.cert } })
const nobody = tlsClientAuth({
  fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: plain }),
})

const cases: Record<string, Case> = {
  client_secret_basic: {
    registered: { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
    good: clientSecretBasic(secret),
    bad: { 'another secret': clientSecretBasic(guess), 'no proof': none() },
  },
  'client_secret_basic with characters that are unreserved': {
    registered: { client_secret: UNRESERVED, token_endpoint_auth_method: 'client_secret_basic' },
    good: clientSecretBasic(async () => UNRESERVED),
    bad: { 'another secret': clientSecretBasic(guess), 'no proof': none() },
  },
  client_secret_post: {
    registered: { client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
    good: clientSecretPost(secret),
    bad: { 'another secret': clientSecretPost(guess), 'no proof': none() },
  },
  client_secret_jwt: {
    registered: { client_secret: secret, token_endpoint_auth_method: 'client_secret_jwt' },
    good: clientSecretJwt(secret),
    bad: {
      'another secret': clientSecretJwt(guess),
      'the secret itself': clientSecretPost(secret),
      'no proof': none(),
    },
  },
  ...Object.fromEntries(
    await Promise.all(ALGORITHMS.map(async (algorithm) => [`private_key_jwt ${algorithm}`, await keyCase(algorithm)])),
  ),
  tls_client_auth: {
    registered: { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=app' },
    good: byCertificate(authority.issue('/CN=app')),
    bad: {
      'a certificate of another name': byCertificate(authority.issue('/CN=other')),
      'a certificate of another authority': byCertificate(other.issue('/CN=app')),
      'a certificate of its own making': byCertificate(selfSigned('/CN=app')),
      'no certificate': nobody,
      'no proof': none(),
    },
  },
  self_signed_tls_client_auth: {
    registered: { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [certificateJwk(own)] } },
    good: byCertificate(own, 'self_signed_tls_client_auth'),
    bad: {
      'another certificate of the same name': byCertificate(selfSigned('/CN=own'), 'self_signed_tls_client_auth'),
      'no certificate': nobody,
      'no proof': none(),
    },
  },
  none: {
    registered: { token_endpoint_auth_method: 'none' },
    good: none(),
    bad: { 'a proof that nobody registered': clientSecretPost(guess) },
  },
}

let running: RunningProvider
let server: CheckedMetadata
let tls: Awaited<ReturnType<typeof startTlsServer>>
/** By which protocol each grant was asked for. */
const granted: string[] = []
const person = createPerson('ada')

beforeAll(async () => {
  tls = await startTlsServer(authority)
  const base = browserClient('spa', [redirectUri])
  const clients = Object.entries(cases).map(([name, { registered }]) => ({
    client_id: name,
    redirect_uris: [redirectUri],
    grant_types: name === 'none' ? ['authorization_code'] : ['authorization_code', 'client_credentials'],
    ...registered,
  }))
  const keys = [oldKey, newKey].map((key, index) => ({ ...key!.publicJwk, kid: ['old', 'new'][index], use: 'sig' }))
  const rotating = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } }
  const methods = clients.map(({ client_id: name }) => name.split(' ')[0]!)
  running = await startProvider({
    ...base,
    clients: [...clients, { client_id: 'rotating', redirect_uris: [redirectUri], ...rotating }] as ClientMetadata[],
    clientAuthMethods: [...new Set(methods)] as ClientAuthMethod[],
    enabledJWA: { clientAuthSigningAlgValues: ['HS256', ...ALGORITHMS] },
    features: {
      clientCredentials: { enabled: true },
      mTLS: mutualTlsFeature,
    },
    discovery: { mtls_endpoint_aliases: { token_endpoint: `${tls.origin}/token` } },
  })
  running.provider.on('grant.success', ({ protocol }) => void granted.push(protocol))
  tls.server.on('request', running.provider.callback())
  server = await discover(running.issuer, { insecure })
})
afterAll(async () => {
  await plain.close()
  for (const { good, bad } of Object.values(cases)) {
    for (const each of [good, ...Object.values(bad)]) if ('close' in each) await (each as MutualTls).close()
  }
  await Promise.all([running.close(), tls.close()])
})

/** A fresh code for this client, of a person who really signed in. */
async function signIn(clientId: string) {
  const { url, transaction } = await beginAuthorization(server, { clientId, redirectUri, scope: 'openid', insecure })
  return { transaction, callback: await person.travel(url, redirectUri) }
}

/** The token request by hand, past the checks: as an attacker who has the code would make it. */
async function redeem(
  { transaction, callback }: Awaited<ReturnType<typeof signIn>>,
  { authenticate, route }: ClientAuth,
  { codeVerifier, issuer = server.issuer }: { codeVerifier?: string; issuer?: string } = {},
) {
  const code = new URL(callback).searchParams.get('code') ?? ''
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri })
  if (codeVerifier) body.set('code_verifier', codeVerifier)
  const headers = new Headers()
  await authenticate({ ...server, issuer }, { client_id: transaction.clientId }, body, headers)
  return { body, headers, answer: await ask(body, headers, route) }
}

async function ask(body: URLSearchParams, headers: Headers, route?: ClientAuth['route']) {
  const [at, { fetch: by = fetch }] = route?.(server, {}) ?? [server, {}]
  return (await (by as typeof fetch)(at.token_endpoint, { method: 'POST', body, headers })).json()
}

const wrong = (transaction: Transaction): Transaction => ({ ...transaction, codeVerifier: 'w'.repeat(43) })

describe.each(Object.entries(cases))('%s', (name, { good, bad }) => {
  it('signs in with the right proof and the right verifier, on the right endpoint', async () => {
    checkClientAuth(server, good)
    const { transaction, callback } = await signIn(name)
    granted.length = 0
    const { claims } = await completeAuthorization(transaction, callback, { insecure, clientAuth: good })
    expect(claims).toMatchObject({ sub: 'ada', aud: name })
    expect(granted).toEqual([name.includes('tls_') ? 'https' : 'http'])
  })

  it('does not with a wrong verifier', async () => {
    const { transaction, callback } = await signIn(name)
    const redeeming = completeAuthorization(wrong(transaction), callback, { insecure, clientAuth: good })
    expect((await refusal(redeeming, 'token_request_refused')).serverError?.error).toBe('invalid_grant')
  })

  it('does not without a verifier', async () => {
    expect((await redeem(await signIn(name), good)).answer.error).toBe('invalid_grant')
  })

  describe.each(Object.entries(bad))('with %s', (_, clientAuth) => {
    it.each([
      ['right', (transaction: Transaction) => transaction],
      ['wrong', wrong],
    ])('does not, though the verifier is %s', async (_, change) => {
      const { transaction, callback } = await signIn(name)
      const redeeming = completeAuthorization(change(transaction), callback, { insecure, clientAuth })
      expect((await refusal(redeeming, 'token_request_refused')).serverError?.error).toBe('invalid_client')
    })

    it('does not, and has no verifier either', async () => {
      expect((await redeem(await signIn(name), clientAuth)).answer.error).toBe('invalid_client')
    })

    it('leaves the code to the client itself', async () => {
      const { transaction, callback } = await signIn(name)
      await refusal(completeAuthorization(transaction, callback, { insecure, clientAuth }), 'token_request_refused')
      const { claims } = await completeAuthorization(transaction, callback, { insecure, clientAuth: good })
      expect(claims).toMatchObject({ sub: 'ada' })
    })
  })
})

// Client credentials are for confidential clients (RFC 6749 §4.4).
describe.each(Object.entries(cases).filter(([name]) => name !== 'none'))('a service with %s', (name, { good, bad }) => {
  it('gets a token of its own with the right proof, on the right endpoint', async () => {
    granted.length = 0
    const token = await clientCredentialsGrant(server, name, { insecure, clientAuth: good })
    expect(token).toMatchObject({ tokenType: 'bearer', expiresAtMs: expect.any(Number) })
    expect(granted).toEqual([name.includes('tls_') ? 'https' : 'http'])
  })

  it.each(Object.entries(bad))('gets none with %s', async (_, clientAuth) => {
    const asking = clientCredentialsGrant(server, name, { insecure, clientAuth })
    if (clientAuth.method === 'none') await refusal(asking, 'config_invalid')
    else expect((await refusal(asking, 'token_request_refused')).serverError?.error).toBe('invalid_client')
  })
})

describe.each(Object.entries(cases).filter(([name]) => name.includes('jwt')))(
  'an assertion of %s',
  (name, { good }) => {
    it('is good at the issuer it was made for, and at no other', async () => {
      const signedIn = await signIn(name)
      const { codeVerifier } = signedIn.transaction
      for (const issuer of ['https://other.example', `${server.issuer}/`]) {
        expect((await redeem(signedIn, good, { codeVerifier, issuer })).answer.error).toBe('invalid_client')
      }
      expect((await redeem(signedIn, good, { codeVerifier })).answer).toHaveProperty('id_token')
    })

    it('is good once', async () => {
      const first = await signIn(name)
      const { body, headers, answer } = await redeem(first, good, { codeVerifier: first.transaction.codeVerifier })
      expect(answer).toHaveProperty('id_token')
      const { transaction, callback } = await signIn(name)
      body.set('code', new URL(callback).searchParams.get('code') ?? '')
      body.set('code_verifier', transaction.codeVerifier)
      expect(await ask(body, headers)).toMatchObject({ error: 'invalid_client' })
      const { claims } = await completeAuthorization(transaction, callback, { insecure, clientAuth: good })
      expect(claims).toMatchObject({ sub: 'ada' })
    })
  },
)

describe('keys rotate by their id', () => {
  it.each([
    ['the old key', oldKey, 'old', undefined],
    ['the new key', newKey, 'new', undefined],
    ['the old key under the id of the new', oldKey, 'new', 'invalid_client'],
    ['a key that nobody published', strayKey, 'new', 'invalid_client'],
  ])('%s', async (_, key, keyId, error) => {
    const signedIn = await signIn('rotating')
    const clientAuth = privateKeyJwt(key!.jwk, { keyId })
    const { answer } = await redeem(signedIn, clientAuth, signedIn.transaction)
    expect(answer.error).toBe(error)
  })
})

it('takes an assertion of the older typ too', async () => {
  const { transaction, callback } = await signIn('rotating')
  const clientAuth = privateKeyJwt(oldKey!.jwk, { keyId: 'old', typ: 'JWT' })
  const { claims } = await completeAuthorization(transaction, callback, { insecure, clientAuth })
  expect(claims).toMatchObject({ sub: 'ada' })
})

describe('checkClientAuth', () => {
  const listing = (methods: unknown) =>
    ({ ...server, token_endpoint_auth_methods_supported: methods }) as unknown as ServerMetadata

  it('refuses what a real server does not list, before a sign-in is begun', async () => {
    const strict = await startProvider({
      ...browserClient('spa', [redirectUri]),
      clientAuthMethods: ['client_secret_post'],
    })
    try {
      const metadata = await discover(strict.issuer, { insecure })
      const error = await refusal(() => checkClientAuth(metadata, clientSecretBasic(secret)), 'client_auth_unsupported')
      expect(error.message).toBe('The server does not support client_secret_basic, only client_secret_post.')
      expect(error.hint).toBe(
        'Use what it supports, or enable client_secret_basic on the server. If token_endpoint_auth_methods_supported is wrong, pass the corrected document as the metadata option.',
      )
      expect(() => checkClientAuth(metadata, clientSecretPost(secret))).not.toThrow()
      expect(() => checkClientAuth(metadata, none())).not.toThrow()
    } finally {
      await strict.close()
    }
  })

  it.each([
    ['is absent', undefined],
    ['is null', null],
    ['is empty', []],
    ['is an empty text', ''],
    ['has empty members only', [null, '']],
  ])('says nothing where the list %s', (_, methods) => {
    for (const { good } of Object.values(cases)) expect(() => checkClientAuth(listing(methods), good)).not.toThrow()
  })

  it.each([
    ['no list', 'client_secret_basic'],
    ['an object', { private_key_jwt: true }],
    ['full of other things', [null, 7, '<b>\n']],
  ])('refuses in plain characters where the list is %s', async (_, methods) => {
    const check = () => checkClientAuth(listing(methods), privateKeyJwt(oldKey!.jwk))
    expect((await refusal(check, 'client_auth_unsupported')).message).toMatch(/^[\x20-\x7e]{1,300}$/)
  })
})
