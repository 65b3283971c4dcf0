import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { createSigningKey } from '../../../src/crypto/signing-key.js'
import { ProofkeyError } from '../../../src/errors.js'
import { createDpop } from '../../../src/protocol/token/dpop.js'
import { toRequest } from '../../../src/server/edge/node-http.js'
import { createForward } from '../../../src/server/session/forward.js'
import { createForwardApp, headOf, isUndecoded, OWN, rawServer } from '../../helpers/forward-app.js'
import { createNonces, createProofCheck, readProof } from '../../helpers/proof.js'

type App = Awaited<ReturnType<typeof createForwardApp>>
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function start(...options: Parameters<typeof createForwardApp>): Promise<App> {
  const app = await createForwardApp(...options)
  open.push(app)
  return app
}

describe('a request that is forwarded', () => {
  it('brings the access token, method, query and body, and the answer comes back', async () => {
    const app = await start((_, outgoing) => {
      outgoing.writeHead(201, { 'content-type': 'text/x-test', 'x-total': '7', location: '/v1/orders/7' }).end('made')
    })
    const response = await app.fetch('/api/orders?a=b', {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'x-tenant': 't' },
    })
    expect(app.seen).toMatchObject([{ method: 'POST', url: '/v1/orders?a=b', body: '{"a":1}' }])
    expect(app.seen[0]?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'x-tenant': 't',
      'content-length': '7',
    })
    expect(app.asked).toMatchObject([{ api: app.api }])
    const { status, headers } = response
    expect([status, headers.get('x-total'), headers.get('content-type'), headers.get('location')]).toEqual([
      201,
      '7',
      'text/x-test',
      '/api/orders/7',
    ])
    expect(await response.text()).toBe('made')
  })

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'QUERY'])('may be %s', async (method) => {
    const app = await start()
    const response = await app.fetch('/api/x', { method, headers: { origin: app.origin } })
    expect([response.status, await response.text()]).toEqual([200, method === 'HEAD' ? '' : 'from the API'])
    expect(app.seen).toMatchObject([{ method, body: '' }])
    // A body that is not there must not be announced.
    expect(app.seen[0]?.headers['transfer-encoding']).toBeUndefined()
  })

  it.each([204, 205, 304])('may be answered with status %i', async (status) => {
    const app = await start((_, outgoing) => outgoing.writeHead(status, { etag: '"a"' }).end())
    const response = await app.fetch('/api/x')
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([status, '"a"', ''])
  })
})

describe('a request of another site', () => {
  const own = { ...OWN }
  it.each<[string, Record<string, string>, string?]>([
    ['without the header', { 'sec-fetch-site': 'same-origin' }],
    ['with an empty header', { ...own, 'x-proofkey': '' }],
    ['cross-site', { ...own, 'sec-fetch-site': 'cross-site' }],
    ['same-site', { ...own, 'sec-fetch-site': 'same-site' }],
    ['by navigation', { ...own, 'sec-fetch-site': 'none' }],
    ['with another origin', { 'x-proofkey': '1', origin: 'https://evil.example' }],
    ['with the origin null', { 'x-proofkey': '1', origin: 'null' }],
    ['cross-site with this origin', { ...own, 'sec-fetch-site': 'cross-site', origin: 'ORIGIN' }],
    ['without any origin', { 'x-proofkey': '1' }, 'POST'],
    ['a preflight', { origin: 'https://evil.example', 'access-control-request-headers': 'x-proofkey' }, 'OPTIONS'],
  ])('%s reaches neither session nor API', async (_, headers, method = 'GET') => {
    const app = await start()
    const sent = Object.entries(headers).map(([name, value]) => `${name}: ${value.replace('ORIGIN', app.origin)}`)
    const socket = await app.connect(
      [`${method} /api/x HTTP/1.1`, 'Host: a', ...sent, 'Content-Length: 0', 'Connection: close', '\r\n'].join('\r\n'),
    )
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(answer).toContain('"code":"forward_refused"')
    expect(answer.toLowerCase()).not.toContain('access-control-')
    expect([app.seen, app.asked, app.errors]).toEqual([[], [], ['forward_refused']])
  })

  it.each<[string, Record<string, string>, string]>([
    ['Fetch Metadata', { 'sec-fetch-site': 'same-origin' }, 'POST'],
    ['Origin', { origin: 'ORIGIN' }, 'POST'],
    ['neither, a GET of an old browser', {}, 'GET'],
  ])('is told from one of the app by %s', async (_, headers, method) => {
    const app = await start()
    const sent = Object.entries(headers).map(([name, value]) => `${name}: ${value.replace('ORIGIN', app.origin)}`)
    const head = [`${method} /api/x HTTP/1.1`, 'Host: a', 'X-ProofKey: yes', ...sent, 'Content-Length: 0']
    const answer = await text(await app.connect([...head, 'Connection: close', '\r\n'].join('\r\n')))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('cannot be marked by a header that every request has', () => {
    const config = { origin: 'https://app.example', apis: {}, tokenFor: async () => ({ accessToken: 'x' }) }
    for (const header of ['accept', 'cookie', 'host', 'x-forwarded-for', 'x-a: b', ''])
      expect(() => createForward({ ...config, header })).toThrow(/header \(string\)/)
    expect(() => createForward({ ...config, header: 'X-CSRF' })).not.toThrow()
  })

  it('has the header that the app names, and the API does not see it', async () => {
    const app = await start(undefined, { header: 'X-CSRF' })
    expect((await app.fetch('/api/x')).status).toBe(403)
    expect((await app.fetch('/api/x', { headers: { 'x-csrf': '1' } })).status).toBe(200)
    expect(app.seen[0]?.headers['x-csrf']).toBeUndefined()
  })
})

describe('what cannot be forwarded', () => {
  it.each([
    ['TRACE', 'TRACE /api/x', [], 400],
    ['a missing Host', 'GET /api/x', ['Host: b.example'], 400],
    ['a WebSocket', 'GET /api/x', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'], 501],
    ['a WebSocket among others', 'GET /api/x', ['Upgrade: h2c, WebSocket', 'Connection: Upgrade'], 501],
  ] as const)('%s', async (_, line, headers, status) => {
    const app = await start()
    const socket = await app.connect(headOf(line, ...headers))
    const answer = String((await once(socket, 'data'))[0])
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('"code":"forward_refused"')
    expect([app.seen, app.asked]).toEqual([[], []])
  })

  it('a WebSocket that a page opens: it is told why, although it cannot send the header', async () => {
    const app = await start()
    const socket = await app.connect(
      'GET /api/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    )
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 501 (.|\s)*opens a WebSocket/)
  })

  it('CONNECT: Node closes the connection, and a request object with it is refused', async () => {
    const app = await start()
    expect(await text(await app.connect(headOf('CONNECT evil.example:443')))).toBe('')
    for (const method of ['CONNECT', 'trace', 'TRACK']) {
      const request = { method, url: `${app.origin}/api/x`, headers: new Headers(OWN) } as unknown as Request
      expect((await app.forward(request, app.target)).status).toBe(405)
    }
    expect(app.seen).toEqual([])
  })

  it('to an API that is not listed is a mistake of the app', async () => {
    const app = await start()
    const request = new Request(`${app.origin}/api/x`, { headers: OWN })
    const target = { to: 'https://evil.example', path: '/api/*' }
    await expect(app.forward(request, target)).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe('the headers for the API', () => {
  /** What the API sees of these lines. */
  async function seenOf(...lines: string[]) {
    const app = await start()
    await text(
      await app.connect(
        headOf('GET /api/x', ...lines, ...(lines.some((l) => /^connection/i.test(l)) ? [] : ['Connection: close'])),
      ),
    )
    return app.seen[0]!
  }

  it('keep what is for it', async () => {
    const kept = { accept: 'a/b', 'accept-language': 'de', 'if-none-match': '"a"', prefer: 'x', traceparent: '00-a' }
    const lines = Object.entries(kept).map((pair) => pair.join(': '))
    expect((await seenOf(...lines)).headers).toMatchObject(kept)
  })

  it.each([
    'Cookie: __Host-Http-proofkey-session=secret',
    'Authorization: Basic secret',
    'DPoP: secret',
    'Proxy-Authorization: Basic secret',
    'Proxy-Connection: secret',
    'Keep-Alive: secret',
    'TE: secret',
    'Trailer: secret',
    'Upgrade: secret',
    'HTTP2-Settings: secret',
    'Forwarded: for=secret',
    'Via: 1.1 secret',
    'X-Forwarded-For: secret',
    'X-Forwarded-Host: secret',
    'X-Forwarded-Proto: secret',
    'X-Forwarded-User: secret',
    'X-Real-IP: secret',
    'X-Original-URL: /secret',
    'X-Rewrite-URL: /secret',
    'X-HTTP-Method-Override: secret',
    'Referer: http://app.example/secret',
    'Sec-Secret: secret',
    'Client-Cert: :secret:',
    'Client-Cert-Chain: :secret:',
    'X-Middleware-Subrequest: secret',
    'X-ProofKey: secret',
    // CGI and what is built like it take `_` for `-`.
    'X_Forwarded_For: secret',
    'X-Forwarded_Host: secret',
    'Client_Cert: :secret:',
    'X_Real_IP: secret',
  ])('lack %j', async (line) => {
    const { rawHeaders } = await seenOf(line)
    expect(rawHeaders.join('\n')).not.toMatch(/secret(?!s)/)
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'authorization')).toHaveLength(1)
  })

  it('lack those that Connection names, in any case and spacing', async () => {
    const { headers } = await seenOf(
      'X-One: secret',
      'X-Two: secret',
      'X-Three: kept',
      'Connection: close, x-one ,X-TWO',
    )
    expect(headers).toMatchObject({ 'x-three': 'kept' })
    expect(JSON.stringify(headers)).not.toContain('secret')
  })

  it('keep an underscore that hides nothing', async () => {
    expect((await seenOf('X_Tenant: kept')).headers).toMatchObject({ x_tenant: 'kept' })
  })

  it('are not without a token where Connection names Authorization', async () => {
    const { headers } = await seenOf('Connection: close, authorization, host, accept-encoding')
    expect(headers).toMatchObject({ authorization: 'Bearer token-1' })
    expect(headers.host).toMatch(/^127\.0\.0\.1:/)
  })

  it('have its own Host and no Expect', async () => {
    const app = await start()
    const head = headOf('POST /api/x', 'Expect: 100-continue', 'Content-Length: 1', 'Connection: close')
    const answer = await text(await app.connect(`${head}x`))
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    expect(app.seen[0]?.headers.host).toBe(new URL(app.api).host)
    expect(app.seen[0]?.headers.expect).toBeUndefined()
  })

  it('cannot smuggle a second request: the body is framed anew', async () => {
    const app = await start()
    const smuggled = 'GET /v1/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
    const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
    const head = headOf('POST /api/x', 'Transfer-Encoding: chunked', 'Connection: close')
    expect(await text(await app.connect(head + chunk))).toMatch(/^HTTP\/1\.1 200 /)
    expect(app.seen).toMatchObject([{ url: '/v1/x', body: smuggled }])
    // Both framings at once are refused by Node itself.
    const both = await app.connect(headOf('POST /api/x', 'Content-Length: 5', 'Transfer-Encoding: chunked') + chunk)
    expect(await text(both)).toMatch(/^HTTP\/1\.1 400 /)
    expect(app.seen).toHaveLength(1)
  })

  it('can be the app’s own', async () => {
    const app = await start(undefined, {}, { headers: { 'X-Forwarded-For': '192.0.2.1', Authorization: 'Basic x' } })
    await app.fetch('/api/x', { headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(app.seen[0]?.headers).toMatchObject({ 'x-forwarded-for': '192.0.2.1', authorization: 'Bearer token-1' })
  })
})

describe('the headers for the browser', () => {
  const from = async (headers: Record<string, string | string[]>, status = 200) => {
    const app = await start((_, outgoing) => outgoing.writeHead(status, headers).end('x'))
    return app.fetch('/api/x')
  }

  it.each([
    'Set-Cookie',
    'Set-Cookie2',
    'Keep-Alive',
    'Proxy-Authenticate',
    'Upgrade',
    'DPoP-Nonce',
    'Alt-Svc',
    'Clear-Site-Data',
    'Strict-Transport-Security',
    'NEL',
    'Report-To',
    'Service-Worker-Allowed',
    'Access-Control-Allow-Origin',
    'Access-Control-Allow-Credentials',
    // For the API's CDN or proxy: that of the app would obey it, whatever Cache-Control says.
    'CDN-Cache-Control',
    'Cloudflare-CDN-Cache-Control',
    'X-LiteSpeed-Cache-Control',
    'Surrogate-Control',
    'Surrogate-Key',
    'Edge-Control',
    'X-Accel-Expires',
    'X-Accel-Redirect',
    'X-Sendfile',
    'X-Lighttpd-Send-File',
    'X-Reproxy-URL',
    'X-Middleware-Rewrite',
  ])('lack %s', async (name) => {
    const { headers } = await from({ [name]: '__Host-Http-proofkey-session=theirs' })
    expect([...headers].flat().join('\n')).not.toContain('theirs')
  })

  it('lack those that Connection names, and Trailer', async () => {
    const app = await start((_, outgoing) => {
      outgoing.writeHead(200, { connection: 'close, X-Hop', 'x-hop': 'secret', 'x-end': 'kept', trailer: 'X-After' })
      outgoing.write('x')
      outgoing.addTrailers({ 'X-After': 'secret' })
      outgoing.end()
    })
    const answer = await text(await app.connect(headOf('GET /api/x', 'Connection: close')))
    expect(answer).toContain('x-end: kept')
    expect(answer).not.toMatch(/secret|trailer/i)
  })

  it('cannot be split', async () => {
    for (const value of ['a\rSet-Cookie: b=c', 'a\nSet-Cookie: b=c', 'a\r\n\tSet-Cookie: b=c', 'a\0b']) {
      const api = await rawServer(`HTTP/1.1 200 OK\r\nX-A: ${value}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      const app = await start(undefined, { apis: { [api.origin]: {} } }, { to: api.origin })
      open.push(api)
      const answer = await text(await app.connect(headOf('GET /api/x', 'Connection: close')))
      expect(answer).not.toMatch(/^set-cookie/im)
    }
  })

  it.skipIf(isUndecoded())('describe the body as it is after decoding', async () => {
    const plain = 'text '.repeat(1000)
    const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, 'x-gzip': gzipSync }
    for (const [coding, compress] of Object.entries(codings)) {
      const app = await start((_, outgoing) => {
        const body = compress(plain)
        outgoing.writeHead(200, { 'content-encoding': coding, 'content-length': body.length }).end(body)
      })
      const socket = await app.connect(headOf('GET /api/x', 'Accept-Encoding: zstd', 'Connection: close'))
      const [head, ...body] = (await text(socket)).split('\r\n\r\n')
      expect(head).not.toMatch(/content-encoding|content-length/i)
      expect(body.join('')).toContain('text text')
      expect(app.seen[0]?.headers['accept-encoding']).toBe('gzip, deflate, br')
    }
  })

  it('keep the length where nothing was decoded', async () => {
    const response = await from({ 'content-length': '1' })
    expect(response.headers.get('content-length')).toBe('1')
    const head = await start((_, outgoing) => outgoing.writeHead(200, { 'content-length': '99' }).end())
    expect((await head.fetch('/api/x', { method: 'HEAD' })).headers.get('content-length')).toBe('99')
  })

  it.skipIf(isUndecoded()).each(['zstd', 'gzip, zstd', 'compress'])(
    'have no coding that was not asked for: %s',
    async (coding) => {
      const response = await from({ 'content-encoding': coding })
      expect(response.status).toBe(502)
      expect(await response.json()).toMatchObject({ code: 'response_refused' })
    },
  )

  it.runIf(isUndecoded())('describe the body as the API has sent it', async () => {
    const body = gzipSync('text')
    const app = await start((_, outgoing) => {
      outgoing.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body)
    })
    const accepted = 'Accept-Encoding: zstd, gzip'
    const answer = await buffer(await app.connect(headOf('GET /api/x', accepted, 'Connection: close')))
    expect(answer.toString('latin1')).toMatch(/^content-encoding: gzip\r\ncontent-length: 24\r$/m)
    expect(answer.subarray(-body.length)).toEqual(body)
    await text(await app.connect(headOf('GET /api/x', 'Connection: close')))
    // Without the header, an API may choose any.
    expect(app.seen.map(({ headers }) => headers['accept-encoding'])).toEqual(['zstd, gzip', 'identity'])
  })

  it('of a range are those of the plain body', async () => {
    const app = await start((_, outgoing) => outgoing.writeHead(206, { 'content-range': 'bytes 0-0/9' }).end('x'))
    const response = await app.fetch('/api/x', { headers: { range: 'bytes=0-0' } })
    expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 0-0/9'])
    expect(app.seen[0]?.headers['accept-encoding']).toBe('identity')
  })

  it.each([
    [undefined, 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['Public,s-maxage=9 , must-revalidate', 'private, must-revalidate'],
    ['no-store', 'private, no-store'],
    ['private="x", max-age=1', 'private, max-age=1'],
  ])('keep the response %j out of shared caches', async (cacheControl, expected) => {
    const { headers } = await from({ ...(cacheControl && { 'cache-control': cacheControl }), vary: 'Accept' })
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual([expected, 'Accept, Cookie, x-proofkey'])
  })

  it('keep what a proxy may know of an event stream', async () => {
    expect((await from({ 'x-accel-buffering': 'no' })).headers.get('x-accel-buffering')).toBe('no')
  })
})

describe('a redirect of the API', () => {
  const to = async (location: string, status = 302) => {
    const app = await start((_, outgoing) => outgoing.writeHead(status, { location }).end('x'))
    return { app, response: await app.fetch('/api/x') }
  }

  it('is not followed, and leads back through the app', async () => {
    const { app, response } = await to('/v1/y?a=b', 307)
    expect([response.status, response.headers.get('location')]).toEqual([307, '/api/y?a=b'])
    expect(app.seen).toHaveLength(1)
  })

  it.each(['https://evil.example/', '//evil.example', '/v2/x', '/', 'javascript:alert(1)'])(
    'to %s is refused',
    async (location) => {
      const { app, response } = await to(location)
      expect([response.status, response.headers.get('location')]).toEqual([502, null])
      expect(await response.json()).toMatchObject({ code: 'response_refused' })
      expect(app.seen).toHaveLength(1)
    },
  )

  it('brings the token to no other server', async () => {
    const other = await start()
    const app = await start((_, outgoing) => outgoing.writeHead(307, { location: `${other.api}/v1/x` }).end())
    await app.fetch('/api/x', { method: 'POST', body: 'x' })
    expect(other.seen).toEqual([])
  })
})

describe('status 401', () => {
  const picky = (good: string) => (incoming: IncomingMessage, outgoing: ServerResponse) =>
    outgoing.writeHead(incoming.headers.authorization === `Bearer ${good}` ? 200 : 401).end('answer')

  it.each<[string, { method?: string; body?: string }]>([
    ['without a body', {}],
    ['with a short body', { method: 'POST', body: 'x'.repeat(65_536) }],
  ])('causes one refresh and one more attempt %s', async (_, init) => {
    const app = await start(picky('token-2'))
    expect((await app.fetch('/api/x', init)).status).toBe(200)
    expect(app.seen.map(({ headers, body }) => [headers.authorization, body.length])).toEqual([
      ['Bearer token-1', init.body?.length ?? 0],
      ['Bearer token-2', init.body?.length ?? 0],
    ])
    expect(app.asked.map(({ rejected }) => rejected)).toEqual([undefined, 'token-1'])
  })

  it.each([
    ['long', 'x'.repeat(65_537)],
    ['of unknown length', new Blob(['x']).stream()],
  ])('is passed on if the body is %s; the next request has the new token', async (_, body) => {
    const app = await start(picky('token-2'))
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await app.fetch('/api/x', init)).status).toBe(401)
    expect((await app.fetch('/api/x')).status).toBe(200)
    expect(app.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
  })

  it('to a new token too causes no refresh for each request', async () => {
    const app = await start(picky('none'))
    for (let times = 0; times < 3; times++) expect((await app.fetch('/api/x')).status).toBe(401)
    expect(app.asked.filter(({ rejected }) => rejected !== undefined)).toHaveLength(1)
    expect(app.seen).toHaveLength(4)
  })

  it('with the same token again is passed on', async () => {
    const app = await start(picky('none'), { tokenFor: async () => ({ accessToken: 'only' }) })
    expect((await app.fetch('/api/x')).status).toBe(401)
    expect(app.seen).toHaveLength(1)
  })

  it('is the end of the session if there is no other token', async () => {
    const app = await start(picky('none'), {
      async tokenFor(_, { rejected }) {
        if (rejected) throw new ProofkeyError('login_required', 'The session has ended.', 'Sign in.')
        return { accessToken: 'token' }
      },
    })
    const response = await app.fetch('/api/x')
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'login_required', hint: 'Sign in.' }])
  })

  it('is told with its challenge', async () => {
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="mfa"'
    const app = await start((_, outgoing) => outgoing.writeHead(401, { 'www-authenticate': challenge }).end())
    expect((await app.fetch('/api/x')).headers.get('www-authenticate')).toBe(challenge)
  })
})

describe('DPoP', () => {
  /** An API that checks proofs, and wants its newest nonce in each. */
  async function startWithProofs(isRaw = false) {
    const nonces = createNonces()
    const check = createProofCheck(nonces)
    const jkts: unknown[] = []
    const key = await createSigningKey()
    const app = await start(
      (incoming, outgoing, body) => {
        const { method = '', url = '', headers } = incoming
        const found = check({ method, url: `http://${headers.host}${url}`, headers: headers as Record<string, string> })
        outgoing.setHeader('dpop-nonce', nonces.next())
        if ('error' in found) outgoing.writeHead(401, { 'www-authenticate': `DPoP error="${found.error}"` }).end()
        else jkts.push(found.jkt) && outgoing.end(body)
      },
      { dpop: createDpop(async () => key), clientKey: '["https://as.example","web"]' },
      {},
      isRaw,
    )
    return { app, jkts }
  }

  it('adds a proof, and repeats the request with the nonce that the API wants', async () => {
    const { app, jkts } = await startWithProofs()
    const response = await app.fetch('/api/x?a=b', { method: 'POST', body: 'sent' })
    expect([response.status, await response.text(), response.headers.get('dpop-nonce')]).toEqual([200, 'sent', null])
    expect(jkts).toHaveLength(1)
    expect(app.seen.map(({ headers }) => headers.authorization)).toEqual(['DPoP token-1', 'DPoP token-1'])
    const [first, second] = app.seen.map(({ headers }) => readProof(headers['dpop'] as string).claims)
    expect([first?.['nonce'], typeof second?.['nonce'], second?.['htm']]).toEqual([undefined, 'string', 'POST'])
    expect(second?.['htu']).toBe(`${app.api}/v1/x`)
    // No refresh: the token was never wrong.
    expect(app.asked).toHaveLength(1)
  })

  it('cannot send a stream twice: the next request has the nonce', async () => {
    const { app, jkts } = await startWithProofs()
    const post = () =>
      app.fetch('/api/x', { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit)
    expect([(await post()).status, (await post()).status]).toEqual([401, 200])
    expect([app.seen.length, jkts.length, app.asked.length]).toEqual([2, 1, 2])
  })
})

describe('an error', () => {
  it.each<[string, ProofkeyError, number]>([
    ['nobody is signed in', new ProofkeyError('login_required', 'Nobody is signed in.'), 401],
    ['no such token', new ProofkeyError('interaction_required', 'x'), 401],
    ['a server that is away', new ProofkeyError('network_error', 'x', 'y', { retryable: true }), 502],
    ['a slow server', new ProofkeyError('timeout', 'x'), 504],
    ['a store that is away', new ProofkeyError('storage_unavailable', 'x', 'y', { retryable: true }), 503],
    ['a refused refresh', new ProofkeyError('token_request_refused', 'x'), 500],
  ])('of the session is JSON: %s', async (_, error, status) => {
    const headers = new Headers({ 'set-cookie': 'a=b' })
    Object.defineProperty(error, 'headers', { value: headers })
    const app = await start(undefined, {
      async tokenFor() {
        throw error
      },
    })
    const response = await app.fetch('/api/x')
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code: error.code, retryable: error.retryable })
    expect([response.headers.getSetCookie(), response.headers.get('cache-control')]).toEqual([['a=b'], 'no-store'])
    expect(app.seen).toEqual([])
  })

  it('of the network names the API and no secret', async () => {
    const app = await start((incoming) => incoming.socket.destroy())
    const response = await app.fetch('/api/x?secret', { method: 'POST', body: 'secret' })
    const told = await response.text()
    expect(response.status).toBe(502)
    expect(JSON.parse(told)).toMatchObject({ code: 'network_error' })
    expect(told).toContain(app.api)
    expect(told).not.toMatch(/secret|token-1/)
    expect(app.errors).toEqual(['network_error'])
  })

  it('of the API that has an impossible status is refused', async () => {
    const api = await rawServer('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    open.push(api)
    const app = await start(undefined, { apis: { [api.origin]: {} } }, { to: api.origin })
    expect((await app.fetch('/api/x')).status).toBe(502)
  })

  it('that nobody expects is thrown, not shown', async () => {
    const app = await start(undefined, {
      async tokenFor() {
        throw new RangeError('a bug')
      },
    })
    const request = new Request(`${app.origin}/api/x`, { headers: OWN })
    await expect(app.forward(request, app.target)).rejects.toThrow('a bug')
  })

  it('is a body that is longer than it says', async () => {
    const app = await start()
    const body = new Blob(['too long']).stream()
    const headers = { ...OWN, 'content-length': '3' }
    const request = new Request(`${app.origin}/api/x`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
    const response = await app.forward(request, app.target)
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'forward_refused' }])
    expect(app.seen).toEqual([])
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9])(
    'of the configuration: a limit of %d s',
    (idleTimeoutSeconds) => {
      const config = { origin: 'https://app.example', apis: {}, tokenFor: async () => ({ accessToken: 'x' }) }
      expect(() => createForward({ ...config, idleTimeoutSeconds })).toThrow(/idleTimeoutSeconds/)
    },
  )

  it('of a request object without a valid host is 400', async () => {
    const app = await start()
    const request = toRequest({ method: 'GET', url: '/api/x', headers: OWN, socket: {} } as never)
    expect((await app.forward(request, app.target)).status).toBe(400)
  })
})
