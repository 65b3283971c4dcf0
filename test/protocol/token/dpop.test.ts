import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { thumbprintOf } from '../../../src/crypto/signing-key.js'
import { requestCopies } from '../../../src/protocol/request-copies.js'
import { createDpop, createSigningKey, type Dpop } from '../../../src/protocol.js'
import { createProofCheck, readProof } from '../../helpers/proof.js'
import { refusal } from '../../helpers/refusal.js'

type Answer = { status?: number; headers?: Record<string, string>; body?: unknown; redirected?: boolean }

const key = await createSigningKey()

/** Keeps what was sent, and gives these answers in turn; then 200. */
function start(...answers: Answer[]) {
  const sent: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push(new Request(input, init))
    const { status = 200, headers = {}, body = {}, redirected = false } = answers.shift() ?? {}
    // What fetch gives after it has followed a redirect.
    return Object.defineProperty(Response.json(body, { status, headers }), 'redirected', { value: redirected })
  }
  const dpop = createDpop(async () => key)
  dpop.addClient('owner', fetch)
  return {
    dpop,
    fetch,
    sent,
    proofs: () => sent.map(({ headers }) => readProof(headers.get('dpop') ?? '')),
    claims: () => sent.map(({ headers }) => readProof(headers.get('dpop') ?? '').claims),
    ask: dpop.fetch,
  }
}

const token = 'https://as.example/token'
const api = 'https://api.example/orders'
const bound = { authorization: 'DPoP at-1' }
const wantsNonce = (nonce?: string): Answer => ({
  status: 400,
  body: { error: 'use_dpop_nonce' },
  headers: nonce ? { 'dpop-nonce': nonce } : {},
})
const apiWantsNonce = (nonce?: string): Answer => ({
  status: 401,
  headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', ...(nonce && { 'dpop-nonce': nonce }) },
})

describe('a thumbprint', () => {
  it('is that of RFC 9449 §6.1, whatever else the key holds', async () => {
    const jwk = {
      kty: 'EC',
      x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
      y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
      crv: 'P-256',
      use: 'sig',
    }
    expect(await thumbprintOf(jwk)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
  })

  it('names the key of the proofs', async () => {
    const { dpop, ask, sent } = start()
    await ask(token, { method: 'POST' })
    expect(createProofCheck()(sent[0]!)).toEqual({ jkt: await dpop.thumbprint('owner') })
  })

  it('is of the stored key, or if that is asked for of the one that this page used last', async () => {
    const keys = [key, await createSigningKey(), await createSigningKey()]
    const [first, second, third] = await Promise.all(keys.map(({ publicJwk }) => thumbprintOf(publicJwk)))
    const dpop = createDpop(async () => keys.shift()!)
    expect(await dpop.thumbprint('owner', true)).toBe(first)
    expect(await dpop.thumbprint('owner', true)).toBe(first)
    // Another tab has deleted it.
    expect(await dpop.thumbprint('owner')).toBe(second)
    expect(await dpop.thumbprint('owner', true)).toBe(second)
    expect(await dpop.thumbprint('owner', false)).toBe(third)
  })
})

describe('a proof', () => {
  it('is a JWS by the key, of this request, and holds nothing private', async () => {
    const { ask, sent, proofs } = start()
    await ask(token, { method: 'POST', body: new URLSearchParams({ a: '1' }) })
    const [{ header, claims }] = proofs() as [ReturnType<typeof readProof>]
    expect(header).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk })
    expect(Object.keys(key.publicJwk).sort()).toEqual(['crv', 'kty', 'x', 'y'])
    expect(claims).toEqual({
      jti: expect.stringMatching(/^[\w-]{43}$/),
      htm: 'POST',
      htu: token,
      iat: expect.closeTo(Date.now() / 1000, -1),
    })
    expect(await sent[0]!.text()).toBe('a=1')
    expect(createProofCheck()(sent[0]!)).toHaveProperty('jkt')
  })

  it('has the ath of RFC 9449 §7.1', async () => {
    const { ask, claims } = start()
    await ask('https://resource.example.org/protectedresource', {
      headers: { authorization: 'DPoP Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU' },
    })
    expect(claims()[0]).toMatchObject({
      htm: 'GET',
      htu: 'https://resource.example.org/protectedresource',
      ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
    })
  })

  it('has no ath where another scheme stands in the header', async () => {
    const { ask, claims } = start()
    for (const authorization of ['Basic YTpi', 'Bearer DPoP', 'Not-DPoP at-1'])
      await ask(token, { method: 'POST', headers: { authorization } })
    for (const claim of claims()) expect(claim).not.toHaveProperty('ath')
  })

  it('is never the same twice', async () => {
    const { ask, claims } = start()
    for (let time = 0; time < 20; time++) await ask(token, { method: 'POST' })
    expect(new Set(claims().map(({ jti }) => jti)).size).toBe(20)
  })

  it.each([
    ['a URL', new URL(`${api}?a=1#b`), undefined],
    ['a string', `${api}?a=1`, undefined],
    ['a Request', new Request(`${api}?a=1`, { headers: bound }), undefined],
    ['a Request whose method is replaced', new Request(api, { headers: bound }), { method: 'put' }],
  ] as const)('fits %s', async (_, input, init) => {
    const { ask, sent, claims } = start()
    await ask(input, { headers: bound, ...init })
    expect(claims()[0]).toMatchObject({ htu: api, htm: init ? 'PUT' : 'GET' })
    expect(createProofCheck()(sent[0]!)).toHaveProperty('jkt')
  })

  it('replaces one that the caller brings', async () => {
    const { ask, sent } = start()
    await ask(api, { headers: { ...bound, DPoP: 'forged' } })
    expect(createProofCheck()(sent[0]!)).toHaveProperty('jkt')
  })

  it('for any URL, method and token passes the checks of a server, and those of no other request', async () => {
    const urls = fc.webUrl({ withQueryParameters: true, withFragments: true })
    const methods = fc.constantFrom('get', 'GET', 'post', 'PUT', 'patch', 'PATCH', 'delete', 'X-Own')
    const tokens = fc.stringMatching(/^[\w.~+/-]{1,80}=*$/)
    await fc.assert(
      fc.asyncProperty(urls, methods, tokens, async (url, method, accessToken) => {
        const { ask, sent, claims } = start()
        await ask(url, { method, headers: { authorization: `DPoP ${accessToken}` } })
        const [{ method: htm, url: whole, headers }] = sent as [Request]
        const { htu, ath } = claims()[0]!
        const { origin, pathname } = new URL(url)
        expect([htu, ath]).toEqual([origin + pathname, createHash('sha256').update(accessToken).digest('base64url')])
        const stolen = new Headers(headers)
        stolen.set('authorization', `DPoP ${accessToken}x`)
        for (const [wrong, request] of [
          ['htm', { method: `${htm}X`, url: whole, headers }],
          ['htu', { method: htm, url: `${origin}/other${pathname}`, headers }],
          ['ath', { method: htm, url: whole, headers: stolen }],
        ] as const)
          expect(createProofCheck()(request)).toMatchObject({ why: wrong })
        expect(createProofCheck()({ method: htm, url: whole, headers })).toHaveProperty('jkt')
      }),
      { numRuns: 100 },
    )
  })
})

describe('a nonce', () => {
  it('that the server asks for is sent at once, once, with a new jti', async () => {
    const { ask, claims } = start(wantsNonce('n1'))
    expect((await ask(token, { method: 'POST', body: new URLSearchParams({ a: '1' }) })).status).toBe(200)
    expect(claims().map(({ nonce }) => nonce)).toEqual([undefined, 'n1'])
    expect(new Set(claims().map(({ jti }) => jti)).size).toBe(2)
  })

  it('that an API asks for, likewise', async () => {
    const { ask, claims } = start(apiWantsNonce('n1'))
    expect((await ask(api, { method: 'POST', headers: bound, body: 'again' })).status).toBe(200)
    expect(claims().map(({ nonce }) => nonce)).toEqual([undefined, 'n1'])
  })

  it('is always the newest', async () => {
    const next = (nonce: string): Answer => ({ headers: { 'dpop-nonce': nonce } })
    const { ask, claims } = start(next('n1'), next('n2'), {}, { status: 500, ...next('n3') })
    for (let time = 0; time < 5; time++) await ask(token, { method: 'POST' })
    expect(claims().map(({ nonce }) => nonce)).toEqual([undefined, 'n1', 'n2', 'n2', 'n3'])
  })

  it('goes to no other server, nor to another port of the same', async () => {
    const { ask, claims } = start({ headers: { 'dpop-nonce': 'as' } }, { headers: { 'dpop-nonce': 'rs' } })
    await ask(token, { method: 'POST' })
    await ask(api, { headers: bound })
    await ask('https://api.example:8443/orders', { headers: bound })
    await ask(`${api}/2`, { headers: bound })
    await ask('https://as.example/me', { headers: bound })
    expect(claims().map(({ nonce }) => nonce)).toEqual([undefined, undefined, undefined, 'rs', 'as'])
  })

  it('of the server that a redirect ended at does not go to the one that was asked', async () => {
    const { ask, claims } = start({ headers: { 'dpop-nonce': 'of elsewhere' }, redirected: true })
    await ask(api, { headers: bound })
    await ask(api, { headers: bound })
    expect(claims().map(({ nonce }) => nonce)).toEqual([undefined, undefined])
  })

  it('that would fill every request is none', async () => {
    const { ask, claims } = start(apiWantsNonce('n'.repeat(1001)), apiWantsNonce('n'.repeat(1000)))
    expect((await ask(api, { headers: bound })).status).toBe(401)
    expect((await ask(api, { headers: bound })).status).toBe(200)
    expect(claims().map(({ nonce }) => `${nonce ?? ''}`.length)).toEqual([0, 0, 1000])
  })

  it('is asked for twice: the second refusal is the answer', async () => {
    const { ask, sent } = start(wantsNonce('n1'), wantsNonce('n2'), wantsNonce('n3'))
    expect((await ask(token, { method: 'POST' })).status).toBe(400)
    expect(sent).toHaveLength(2)
  })

  it.each([
    ['no nonce to be seen', token, wantsNonce()],
    ['no nonce of an API to be seen', api, apiWantsNonce()],
    ['another error', token, { status: 400, body: { error: 'invalid_grant' }, headers: { 'dpop-nonce': 'n' } }],
    ['no error', token, { status: 400, body: ['use_dpop_nonce'], headers: { 'dpop-nonce': 'n' } }],
    ['another status', token, { ...wantsNonce('n'), status: 403 }],
    ['another status of an API', api, { ...apiWantsNonce('n'), status: 403 }],
    ['a body that is no JSON', token, { ...wantsNonce('n'), body: undefined }],
    ['an answer without end', token, { ...wantsNonce('n'), body: { error: 'use_dpop_nonce', more: 'x'.repeat(3e5) } }],
    [
      'another error of an API',
      api,
      { ...apiWantsNonce('n'), headers: { 'www-authenticate': 'DPoP error="invalid_token"' } },
    ],
    [
      'words of an API that only mention it',
      api,
      {
        status: 401,
        headers: { 'www-authenticate': 'DPoP error_description="error=use_dpop_nonce"', 'dpop-nonce': 'n' },
      },
    ],
    ['a body of an API that says so', api, { ...wantsNonce('n') }],
  ] satisfies [string, string, Answer][])('is not repeated for: %s', async (_, url, answer) => {
    const { ask, sent } = start(answer)
    expect((await ask(url, url === api ? { headers: bound } : { method: 'POST' })).status).toBe(answer.status)
    expect(sent).toHaveLength(1)
  })

  it('makes nobody send a stream twice', async () => {
    const { ask, sent } = start(apiWantsNonce('n1'), {}, apiWantsNonce('n2'))
    const upload = () => ({ method: 'POST', headers: bound, body: new Blob(['x']).stream(), duplex: 'half' })
    expect((await ask(api, upload() as RequestInit)).status).toBe(401)
    // The next one has it.
    expect((await ask(api, upload() as RequestInit)).status).toBe(200)
    expect(sent).toHaveLength(2)
  })

  it.each<[string, () => unknown]>([
    ['a stream of another realm', () => ({ getReader: () => {} })],
    ['an async iterable (Node)', async function* () {}],
  ])('nor %s', async (_, body) => {
    const { once } = requestCopies(api, { method: 'POST', body: body() as BodyInit, duplex: 'half' } as RequestInit)
    expect(once).toBe(true)
  })

  it('repeats a Request with its body, also where it does not show it (Firefox)', async () => {
    class FirefoxRequest extends Request {
      override get body() {
        return undefined as never
      }
    }
    for (const Given of [Request, FirefoxRequest]) {
      const { ask, sent } = start(apiWantsNonce('n1'))
      expect((await ask(new Given(api, { method: 'POST', headers: bound, body: 'x' }))).status).toBe(200)
      expect(await Promise.all(sent.map((request) => request.text()))).toEqual(['x', 'x'])
    }
  })

  it('is remembered of the last hundred servers', async () => {
    const servers = 105
    const { ask, claims } = start(
      ...Array.from({ length: servers }, (_, n) => ({ headers: { 'dpop-nonce': `n${n}` } })),
    )
    for (let n = 0; n < servers; n++) await ask(`https://rs${n}.example/`, { headers: bound })
    await ask('https://rs4.example/', { headers: bound })
    await ask('https://rs5.example/', { headers: bound })
    expect(claims().slice(-2)).toEqual([
      expect.not.objectContaining({ nonce: expect.anything() }),
      expect.objectContaining({ nonce: 'n5' }),
    ])
  })

  it('that is asked for runs the whole request again, also where the first refusal was thrown', async () => {
    const { dpop, sent } = start()
    const refusals = [true, false]
    const fetch: typeof globalThis.fetch = async (input, init) => {
      sent.push(new Request(input, init))
      const { status, headers } = apiWantsNonce('n1')
      return refusals.shift() ? new Response(null, { status: status!, headers: headers! }) : new Response('ok')
    }
    const request = async (by: { fetch: typeof globalThis.fetch }) => {
      const response = await by.fetch(api, { headers: bound })
      if (!response.ok) throw new Error('refused')
      return response.text()
    }
    await expect(dpop.attempt('owner', request, { fetch })).resolves.toBe('ok')
    refusals.push(true, true)
    await expect(dpop.attempt('owner', request, { fetch })).rejects.toThrow('refused')
    expect(sent).toHaveLength(4)
  })
})

it('a fetch is given what the caller gave: a URL as text stays one, for undici takes no Request of the runtime', async () => {
  const given: unknown[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    given.push(typeof input, new Headers(init?.headers).has('dpop'))
    return new Response()
  }
  const { dpop } = start()
  await dpop.attempt('owner', (by) => by.fetch(api, { headers: bound }), { fetch })
  await dpop.attempt('owner', (by) => by.fetch(new Request(api, { headers: bound })), { fetch })
  expect(given).toEqual(['string', true, 'object', false])
})

it('the body of a response that is repeated is given up, so that its connection is free', async () => {
  const cancelled: string[] = []
  const bodyOf = (name: string) => new ReadableStream({ cancel: () => void cancelled.push(name) })
  const { status, headers } = apiWantsNonce('n1')
  const responses = [
    new Response(bodyOf('refused'), { status: status!, headers: headers! }),
    new Response(bodyOf('accepted')),
  ]
  const { dpop } = start()
  const fetch: typeof globalThis.fetch = async () => responses.shift()!
  const response = await dpop.attempt('owner', (by) => by.fetch(api, { headers: bound }), { fetch })
  expect([response.status, cancelled]).toEqual([200, ['refused']])
})

describe('dpop.fetch', () => {
  const ask = (dpop: Dpop) => dpop.fetch(api, { headers: bound })

  it('without a client has no key to use, and sends nothing', async () => {
    let loaded = 0
    const dpop = createDpop(async () => {
      loaded++
      return key
    })
    const error = await refusal(ask(dpop), 'config_invalid')
    expect(error.hint).toContain('createClient()')
    expect(loaded).toBe(0)
  })

  it('uses the key and the fetch of the client that names itself, however often', async () => {
    const [own, other] = [await createSigningKey(), await createSigningKey()]
    const dpop = createDpop(async (clientKey) => (clientKey === 'one' ? own : other))
    const { sent, fetch } = start()
    for (let time = 0; time < 2; time++) dpop.addClient('one', fetch)
    expect((await ask(dpop)).status).toBe(200)
    expect(readProof(sent[0]!.headers.get('dpop')!).header['jwk']).toEqual(own.publicJwk)
    expect(createProofCheck()(sent[0]!)).toEqual({ jkt: await dpop.thumbprint('one') })
  })

  it('refuses where two clients have one dpop, whichever of them was named how', async () => {
    const { dpop, sent } = start()
    await ask(dpop)
    await dpop.thumbprint('another')
    const error = await refusal(ask(dpop), 'config_invalid')
    expect(error.message).toContain('several clients')
    expect(sent).toHaveLength(1)
  })

  it('knows the client of a sign-in that was made step by step', async () => {
    const dpop = createDpop(async () => key)
    const { sent, fetch } = start()
    // As the authorization request does, which has no fetch to name.
    await dpop.thumbprint('client')
    await dpop.attempt('client', (by) => by.fetch(token, { method: 'POST' }), { fetch })
    expect((await ask(dpop)).status).toBe(200)
    expect(sent.map(({ url }) => url)).toEqual([token, api])
  })
})

describe('the time of a proof', () => {
  const late = 3_600_000
  const refusedAt = (url: string, aheadMs: number): Answer => {
    const date = new Date(Date.now() + aheadMs).toUTCString()
    const [status, headers] =
      url === token ? [400, { date }] : [401, { date, 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }]
    return {
      status: status as number,
      headers: headers as Record<string, string>,
      body: { error: 'invalid_dpop_proof' },
    }
  }
  const ask = (app: ReturnType<typeof start>, url: string) =>
    app.ask(url, url === token ? { method: 'POST' } : { headers: bound })

  it.each([token, api])('is the server’s, where %s refuses ours and shows its own', async (url) => {
    const app = start(refusedAt(url, late))
    expect((await ask(app, url)).status).toBe(200)
    await ask(app, url)
    await ask(app, 'https://other.example/')
    const ahead = app.claims().map(({ iat }) => Math.round((Number(iat) - Date.now() / 1000) / 60) + 0)
    expect(ahead).toEqual([0, 60, 60, 0])
  })

  it('is tried once', async () => {
    const app = start(refusedAt(token, late), refusedAt(token, late))
    expect((await ask(app, token)).status).toBe(400)
    expect(app.sent).toHaveLength(2)
  })

  it('is ours where the server’s cannot be seen', async () => {
    const app = start({ status: 400, body: { error: 'invalid_dpop_proof' } })
    expect((await ask(app, token)).status).toBe(400)
    expect(app.sent).toHaveLength(1)
  })

  it('is not taken from answers that a cache may hold', async () => {
    const app = start({ headers: { date: new Date(0).toUTCString() } })
    await ask(app, api)
    await ask(app, api)
    expect(Number(app.claims()[1]!['iat'])).toBeCloseTo(Date.now() / 1000, -1)
  })
})
