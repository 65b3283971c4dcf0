import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { normalized } from '../../src/protocol/resource/dpop-proof.js'
import {
  type DpopConfig,
  memoryReplayCache,
  type ResourceServerConfig,
  redisReplayCache,
} from '../../src/resource-server.js'
import {
  API_URL,
  bearer,
  boundTo,
  createApi,
  createTokenServer,
  digestOf,
  nowSeconds,
  proofFor,
  requestWith,
} from '../helpers/api-tokens.js'
import { startRedis } from '../helpers/redis.js'
import { refusal } from '../helpers/refusal.js'
import { createSigner } from '../helpers/signer.js'

afterEach(() => void vi.useRealTimers())

const setUp = (dpop: Partial<DpopConfig> = {}, config: Partial<ResourceServerConfig> = {}) => {
  const server = createTokenServer()
  const open = () => createApi(server, { dpop: { replayCache: memoryReplayCache(), ...dpop }, ...config })
  return { server, api: open(), open, token: server.token(boundTo()) }
}
const withProof = (token: string, proof: string, path = '/orders', init: RequestInit = {}) =>
  requestWith({ authorization: `DPoP ${token}`, dpop: proof }, path, init)
const key = (id: string) => ({ id, secret: randomBytes(32).toString('base64') })

describe('a token that is bound to a key', () => {
  it('authorizes with a proof of that key', async () => {
    const { api, token } = setUp()
    const access = await api.authorize(withProof(token, proofFor(token)))
    expect(access).toMatchObject({ tokenType: 'DPoP', binding: 'dpop', subject: 'ada' })
    expect([...access.headers]).toEqual([])
    await api.authorize(withProof(token, proofFor(token)))
  })

  it.each(['ES384', 'PS256', 'RS256', 'Ed25519'])('of the kind of %s', async (alg) => {
    const { api, server } = setUp()
    const by = createSigner(alg)
    const { kty, crv, x, y, n, e } = by.jwk
    // RFC 7638 §3.2: the required members, sorted.
    const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }
    const token = server.token({ cnf: { jkt: digestOf(JSON.stringify(members)) } })
    const jwk = { kty, crv, x, y, n, e }
    await api.authorize(withProof(token, proofFor(token, {}, { by, header: { jwk } })))
    await api.authorize(withProof(token, proofFor(token, {}, { by, header: { jwk } })))
  })

  it('is refused as a bearer token, which a thief could send', async () => {
    const { api, token } = setUp()
    const error = await refusal(api.authorize(bearer(token)), 'token_refused')
    expect(error.toResponse!().headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token".*, DPoP algs=/)
    // Also with a good proof: the scheme is what the client means.
    const both = requestWith({ authorization: `Bearer ${token}`, dpop: proofFor(token) })
    await refusal(api.authorize(both), 'token_refused')
  })

  it('is the only kind that the scheme DPoP is for', async () => {
    const { api, server } = setUp()
    const token = server.token()
    await refusal(api.authorize(withProof(token, proofFor(token))), 'token_refused')
    await api.authorize(bearer(token))
  })

  it('is the only kind that is accepted, where it is required', async () => {
    const { api, server, token } = setUp({ required: true })
    await refusal(api.authorize(bearer(server.token())), 'token_refused')
    await api.authorize(withProof(token, proofFor(token)))
  })
})

const { jwk } = createSigner('ES256', 'c1')
const LATE = nowSeconds() - 3600
/** RFC 9449 §4.3: the number of the check, and an honest proof with one thing changed, truly signed unless it says otherwise. */
const ATTACKS: [check: string, why: RegExp, make: (token: string) => string][] = [
  ['1: two proofs', /one signed JWT/, (token) => `${proofFor(token)}, ${proofFor(token)}`],
  ['1: none', /missing/, () => ''],
  ['2: no JWT', /one signed JWT/, () => 'abc'],
  ['2: crit', /one signed JWT/, (token) => proofFor(token, {}, { header: { crit: ['x'], x: 1 } })],
  ['3: no jti', /its jti/, (token) => proofFor(token, { jti: undefined })],
  ['3: an empty jti', /its jti/, (token) => proofFor(token, { jti: '' })],
  ['3: no iat', /its iat/, (token) => proofFor(token, { iat: undefined })],
  ['3: no htm', /its htm/, (token) => proofFor(token, { htm: undefined })],
  ['3: no htu', /its htu/, (token) => proofFor(token, { htu: undefined })],
  ['3: no ath', /its ath/, (token) => proofFor(token, { ath: undefined })],
  ['4: another typ', /its typ/, (token) => proofFor(token, {}, { header: { typ: 'JWT' } })],
  ['4: no typ', /its typ/, (token) => proofFor(token, {}, { header: { typ: undefined } })],
  ['5: none', /its alg/, (token) => proofFor(token, {}, { header: { alg: 'none' } })],
  ['5: an HMAC', /its alg/, (token) => proofFor(token, {}, { header: { alg: 'HS256' } })],
  ['6: a signature of another key', /its signature/, (token) => `${proofFor(token).slice(0, -10)}AAAAAAAAAA`],
  ['7: a private key', /private/, (token) => proofFor(token, {}, { header: { jwk: { ...jwk, d: 'AAAA' } } })],
  ['7: a symmetric key', /private/, (token) => proofFor(token, {}, { header: { jwk: { kty: 'oct', k: 'AAAA' } } })],
  ['6: no key', /not a key/, (token) => proofFor(token, {}, { header: { jwk: undefined } })],
  ['6: a key that is a text', /not a key/, (token) => proofFor(token, {}, { header: { jwk: 'x' } })],
  ['6: a key of another algorithm', /not a key/, (token) => proofFor(token, {}, { header: { alg: 'ES384' } })],
  ['8: another method', /its htm/, (token) => proofFor(token, { htm: 'POST' })],
  ['8: the method in other letters', /its htm/, (token) => proofFor(token, { htm: 'get' })],
  ['9: another path', /its htu/, (token) => proofFor(token, { htu: `${API_URL}/orders/1` })],
  ['9: another host', /its htu/, (token) => proofFor(token, { htu: 'https://evil.example/orders' })],
  ['9: another port', /its htu/, (token) => proofFor(token, { htu: `${API_URL}:8443/orders` })],
  ['9: http', /its htu/, (token) => proofFor(token, { htu: 'http://api.example/orders' })],
  ['9: no URL', /its htu/, (token) => proofFor(token, { htu: '/orders' })],
  ['11: an old one', /its iat/, (token) => proofFor(token, { iat: LATE })],
  ['11: one for later', /its iat/, (token) => proofFor(token, { iat: nowSeconds() + 3600 })],
  ['12: another token', /its ath/, (token) => proofFor(`${token}x`)],
  [
    '12: another key, with its own good signature',
    /not that of the access token/,
    (token) => proofFor(token, {}, { by: createSigner('ES256') }),
  ],
]

describe('a proof is refused by check', () => {
  it.each(ATTACKS)('%s', async (_, why, make) => {
    const { api, token } = setUp()
    const error = await refusal(api.authorize(withProof(token, make(token))), 'dpop_proof_refused')
    expect(error.message).toMatch(why)
    const response = error.toResponse!()
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^DPoP error="invalid_dpop_proof"/)
    await api.authorize(withProof(token, proofFor(token)))
  })

  it('9, also where the Host is that of the server that the proof was made for', async () => {
    const { api, token } = setUp()
    const proof = proofFor(token, { htu: 'https://evil.example/orders' })
    const replayed = new Request('https://evil.example/orders', {
      headers: { authorization: `DPoP ${token}`, dpop: proof },
    })
    await refusal(api.authorize(replayed), 'dpop_proof_refused')
    // A defence that trusts the Host accepts it.
    const trusting = setUp({}, { url: ({ url }) => url })
    const stolen = trusting.server.token(boundTo())
    const made = proofFor(stolen, { htu: 'https://evil.example/orders' })
    const headers = { authorization: `DPoP ${stolen}`, dpop: made }
    await trusting.api.authorize(new Request('https://evil.example/orders', { headers }))
  })

  it('of a replay: the same proof a second time, at this server or at another one', async () => {
    const { open, token } = setUp({ replayCache: memoryReplayCache() })
    const proof = proofFor(token)
    await open().authorize(withProof(token, proof))
    const error = await refusal(open().authorize(withProof(token, proof)), 'dpop_proof_refused')
    expect(error.message).toContain('used before')
    // Without the cache in common it would be accepted.
    const apart = setUp()
    await apart.api.authorize(withProof(token, proof))
    await apart.open().authorize(withProof(token, proof))
  })

  it('of a replay, of 20 at once', async () => {
    const { api, token } = setUp()
    const proof = proofFor(token)
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => api.authorize(withProof(token, proof))))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('of a replay, as long as the proof would be accepted', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { api, token } = setUp()
    const proof = proofFor(token, { iat: nowSeconds() + 29 })
    await api.authorize(withProof(token, proof))
    for (let second = 0; second < 130; second++) {
      vi.advanceTimersByTime(1000)
      await refusal(api.authorize(withProof(token, proof)), 'dpop_proof_refused')
    }
  })

  it('does not count a jti that came with a bad proof', async () => {
    const { api, token } = setUp()
    await refusal(api.authorize(withProof(token, proofFor(token, { jti: 'j', htm: 'PUT' }))), 'dpop_proof_refused')
    await refusal(api.authorize(withProof(token, proofFor(token, { jti: 'j' }).slice(0, -4))), 'dpop_proof_refused')
    await api.authorize(withProof(token, proofFor(token, { jti: 'j' })))
  })

  it('if the cache cannot tell: 503, and never a yes', async () => {
    const fail = () => Promise.reject(new Error('down'))
    const { api, token } = setUp({ replayCache: { claim: fail, commit: fail, release: fail } })
    const error = await refusal(api.authorize(withProof(token, proofFor(token))), 'validation_unavailable')
    expect(error.toResponse!().status).toBe(503)
    expect(api.events.map(({ type }) => type)).toContain('replay_cache_failed')
  })
})

describe('htu', () => {
  it.each([
    ['a query and a fragment', '/orders?a=1', `${API_URL}/orders?b=2#c`],
    ['the default port', '/orders', `${API_URL}:443/orders`],
    ['a host in other letters', '/orders', 'HTTPS://API.EXAMPLE/orders'],
    ['dot segments', '/orders', `${API_URL}/x/../orders`],
    ['encoding of what needs none', '/%6Frders', `${API_URL}/orders`],
    ['encoding in other letters', '/a%2fb', `${API_URL}/a%2Fb`],
    ['an empty path', '/', API_URL],
  ])('is compared without regard to %s (RFC 3986 §6.2)', async (_, path, htu) => {
    const { api, token } = setUp()
    await api.authorize(withProof(token, proofFor(token, { htu }), path))
  })

  it('is not equal where the path means something else', () => {
    const paths = ['/a/b', '/a%2Fb', '/a%252Fb', '/A/b', '/a/b/', '/a//b', '/a;b', '/a%3Bb']
    const found = paths.map((path) => normalized(API_URL + path))
    expect(new Set(found).size).toBe(paths.length)
    expect([normalized('x'), normalized(5), normalized('ftp://a/b')]).toEqual([undefined, undefined, undefined])
  })

  it('is of the origin of the API, whatever the proxy makes of the request', async () => {
    const { api, token } = setUp({}, { resource: 'https://api.example/v1' })
    const headers = { authorization: `DPoP ${token}`, dpop: proofFor(token) }
    await api.authorize(new Request('http://10.0.0.1:8080/orders', { headers }))
  })

  it('is of the URL that the option tells', async () => {
    const url = ({ url }: Request) => `https://public.example/v1${new URL(url).pathname}`
    const { api, token } = setUp({}, { url })
    await api.authorize(withProof(token, proofFor(token, { htu: 'https://public.example/v1/orders' })))
    await refusal(api.authorize(withProof(token, proofFor(token))), 'dpop_proof_refused')
  })
})

describe('with nonces', () => {
  const keys = [key('a')]
  const nonceOf = (response: Response) => response.headers.get('dpop-nonce')

  async function nonceFrom(api: ReturnType<typeof createApi>, token: string) {
    const error = await refusal(api.authorize(withProof(token, proofFor(token))), 'dpop_nonce_required')
    const response = error.toResponse!()
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^DPoP error="use_dpop_nonce"/)
    const nonce = nonceOf(response) ?? ''
    // RFC 9449 §8.1
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]{40,200}$/)
    return nonce
  }

  it('a proof needs one of the API, at whichever of its servers', async () => {
    const { api, open, token } = setUp({ nonceKeys: keys })
    const nonce = await nonceFrom(api, token)
    await open().authorize(withProof(token, proofFor(token, { nonce })))
    await api.authorize(withProof(token, proofFor(token, { nonce })))
  })

  it('and the clock of the client does not matter', async () => {
    const { api, token } = setUp({ nonceKeys: keys })
    const nonce = await nonceFrom(api, token)
    await api.authorize(withProof(token, proofFor(token, { nonce, iat: LATE })))
    await refusal(api.authorize(withProof(token, proofFor(token, { nonce, iat: 'x' }))), 'dpop_proof_refused')
  })

  it.each([['x'], ['a.AAAA'], ['b.AAAA'], [5], [''], [[]], [null]])('%j is none', async (nonce) => {
    const { api, token } = setUp({ nonceKeys: keys })
    await refusal(api.authorize(withProof(token, proofFor(token, { nonce }))), 'dpop_nonce_required')
  })

  it('one of another API, or of another key, is none', async () => {
    const { api, token } = setUp({ nonceKeys: keys })
    const other = setUp({ nonceKeys: keys }, { resource: 'https://api.example/other' })
    const foreign = setUp({ nonceKeys: [key('a')] })
    for (const from of [other, foreign]) {
      const nonce = await nonceFrom(from.api, token)
      await refusal(api.authorize(withProof(token, proofFor(token, { nonce }))), 'dpop_nonce_required')
    }
  })

  it('keys rotate without a refusal', async () => {
    const [old, next] = [key('old'), key('next')]
    const { server, token } = setUp()
    const openWith = (nonceKeys: DpopConfig['nonceKeys'], replayCache = memoryReplayCache()) =>
      createApi(server, { dpop: { replayCache, nonceKeys } })
    const nonce = await nonceFrom(openWith([old]), token)
    await openWith([next, old]).authorize(withProof(token, proofFor(token, { nonce })))
    await refusal(openWith([next]).authorize(withProof(token, proofFor(token, { nonce }))), 'dpop_nonce_required')
  })

  it('one expires, and before that a response brings the next', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { api, token } = setUp({ nonceKeys: keys, nonceSeconds: 300 })
    const nonce = await nonceFrom(api, token)
    const handler = api.protect({}, () => Response.json({ ok: true }))
    const ask = (nonce: string) => handler(withProof(token, proofFor(token, { nonce })))
    expect(nonceOf(await ask(nonce))).toBeNull()
    vi.advanceTimersByTime(200_000)
    const response = await ask(nonce)
    const next = nonceOf(response) ?? ''
    expect(await response.json()).toEqual({ ok: true })
    expect(next).not.toBe(nonce)
    vi.advanceTimersByTime(101_000)
    expect((await ask(nonce)).status).toBe(401)
    expect((await ask(next)).status).toBe(200)
  })

  it('a replay is found as long as the nonce is good', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { api, server } = setUp({ nonceKeys: keys, nonceSeconds: 300 })
    const token = server.token({ ...boundTo(), exp: nowSeconds() + 3600 })
    const proof = proofFor(token, { nonce: await nonceFrom(api, token) })
    await api.authorize(withProof(token, proof))
    for (let step = 0; step < 30; step++) {
      vi.advanceTimersByTime(12_000)
      const error = await api.authorize(withProof(token, proof)).catch((caught) => caught)
      expect(error.code).toMatch(/^dpop_(proof_refused|nonce_required)$/)
    }
  })
})

describe('two servers that share a Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    redis = await startRedis()
    client = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: 0 })
    client.on('error', () => {})
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })

  it('accept a proof once together, and keep neither token nor jti', async () => {
    const { open, token } = setUp({ replayCache: redisReplayCache({ client }) })
    const proof = proofFor(token, { jti: 'a-jti-to-look-for' })
    await open().authorize(withProof(token, proof))
    await refusal(open().authorize(withProof(token, proof)), 'dpop_proof_refused')
    const kept = await client.keys('*')
    expect(kept).toHaveLength(1)
    expect(await client.pttl(kept[0]!)).toBeGreaterThan(50_000)
    expect(`${kept} ${await client.get(kept[0]!)}`).not.toMatch(/a-jti/)
  })
})

it('a URL is compared without query and fragment, in one spelling, if it is one of http', () => {
  expect(normalized('HTTPS://API.example:443/a%7eb/%3a%2F?x=1#y')).toBe('https://api.example/a~b/%3A%2F')
  expect(normalized('http://localhost:3000/a')).toBe('http://localhost:3000/a')
  for (const other of ['xhttp://api.example/', 'httpx://api.example/', 'ftp://api.example/', '/a', 7, undefined])
    expect(normalized(other)).toBeUndefined()
})

it('a proof from another time says how far away it is, another one does not', async () => {
  const { api, server } = setUp()
  const token = server.token(boundTo())
  const why = async (claims: object) => {
    const headers = { authorization: `DPoP ${token}`, dpop: proofFor(token, claims) }
    return (await refusal(api.authorize(requestWith(headers)), 'dpop_proof_refused')).message
  }
  expect(await why({ iat: nowSeconds() - 3600 })).toMatch(/its iat is wrong \(-3\d{3} s from now\)/)
  expect(await why({ htm: 'POST' })).toContain('its htm is missing or wrong')
})
