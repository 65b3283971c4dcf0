import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { json, text } from 'node:stream/consumers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { appendHeaders, sendResponse, toRequest } from '../../../src/server/edge/node-http.js'
import { type Listening, listen, sendOverTls } from '../../helpers/loopback.js'
import { selfSigned } from '../../helpers/self-signed.js'

type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

let server: Listening | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** Starts Node's server. @returns its origin */
async function serve(handler: Handler): Promise<string> {
  server = await listen((incoming, outgoing) => {
    handler(incoming, outgoing).catch((error) => outgoing.writeHead(500).end(String(error)))
  })
  return `http://127.0.0.1:${server.port}`
}

/** Answers with what the Web request holds, read in full. */
const echo = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
  const { url, method, headers, body } = toRequest(incoming)
  const read = body && Buffer.from(await new Response(body).arrayBuffer()).toString('base64')
  await sendResponse(outgoing, Response.json({ url, method, headers: [...headers], body: read }))
}

interface Echoed {
  readonly url: string
  readonly method: string
  readonly headers: [string, string][]
  readonly body: string | null
}
const echoed = async (...request: Parameters<typeof fetch>) => (await (await fetch(...request)).json()) as Echoed
const decoded = ({ body }: Echoed) => Buffer.from(body ?? '', 'base64').toString()

/** What the adapter reads of Node's request, where no connection is needed. */
const made = (parts: object) =>
  ({ method: 'GET', url: '/', socket: {}, async *[Symbol.asyncIterator]() {}, ...parts }) as unknown as IncomingMessage

describe('a request', () => {
  it('keeps URL, method and headers', async () => {
    const origin = await serve(echo)
    const { url, method, headers, body } = await echoed(`${origin}/a/../b%2Fc?x=1&x=2&y=%20+`, {
      headers: { cookie: 'a=1; b=2', 'x-list': 'one, two' },
    })
    expect({ url, method, body }).toEqual({ url: `${origin}/b%2Fc?x=1&x=2&y=%20+`, method: 'GET', body: null })
    expect(headers).toEqual(
      expect.arrayContaining([
        ['cookie', 'a=1; b=2'],
        ['x-list', 'one, two'],
      ]),
    )
  })

  it('has the host that was asked for', async () => {
    await serve(echo)
    const socket = connect(server!.port, '127.0.0.1')
    socket.end('GET /x?y HTTP/1.1\r\nHost: app.example:8443\r\nConnection: close\r\n\r\n')
    expect(await text(socket)).toContain('"url":"http://app.example:8443/x?y"')
  })

  it('is of https where Node ends TLS', async () => {
    const tls = selfSigned()
    server = await listen(echo, tls)
    const origin = `https://localhost:${server.port}`
    const response = await sendOverTls(new Request(`${origin}/x`), tls)
    expect(await response.json()).toMatchObject({ url: `${origin}/x` })
    tls.remove()
  })

  it.each([
    ['//', '//'],
    ['//evil.example/x', '//evil.example/x'],
    ['/\\evil.example', '//evil.example'],
    ['http://evil.example/x?y=1', '/x?y=1'],
    ['http://evil.example', '/'],
    ['http://', '/http://'],
    ['*', '/*'],
    ['evil.example:443', '/evil.example:443'],
    ['HTTPS://evil.example/x', '/x'],
    ['xhttp://evil.example/y', '/xhttp://evil.example/y'],
    ['/x?to=http://evil.example/y', '/x?to=http://evil.example/y'],
    [undefined, '/'],
    ['/x#y', '/x'],
    ['', '/'],
  ])('keeps its host whatever the target %j says', (url, path) => {
    const seen = new URL(toRequest(made({ url, headers: { host: 'app.example' } })).url)
    expect([seen.host, seen.pathname + seen.search]).toEqual(['app.example', path])
  })

  it.each<[string | undefined]>([
    [undefined],
    [''],
    ['a b'],
    ['a\tb'],
    ['a@evil.example'],
    ['evil.example/y'],
    ['evil.example?y'],
    ['evil.example#y'],
    ['evil.example\\y'],
    ['%65vil.example'],
    ['b\u00fccher.example'],
    ['x:99999'],
    ['x:y'],
    [':80'],
    ['999.999.999.999'],
    ['xn--a'],
    ['[::1::2]'],
    ['[::1'],
    ['a,b'],
  ])('goes to no host at all where the Host header is %j', (host) => {
    const { url } = toRequest(made({ url: '/x?y=1', headers: host === undefined ? {} : { host } }))
    // A comma is a character of a name to URL.
    expect(url).toBe(host === 'a,b' ? 'http://a,b/x?y=1' : 'http://bad-request.invalid/x?y=1')
  })

  it.each([
    ['APP.example', 'app.example'],
    ['app.example:80', 'app.example'],
    ['app.example:', 'app.example'],
    ['app.example:8080', 'app.example:8080'],
    ['my_app', 'my_app'],
    ['[0:0::1]:3000', '[::1]:3000'],
    ['127.0.0.1:3000', '127.0.0.1:3000'],
  ])('has the host %j as URL writes it', (host, written) => {
    expect(toRequest(made({ headers: { host } })).url).toBe(`http://${written}/`)
  })

  it.each([
    ['get', 'GET'],
    ['post', 'POST'],
    ['Put', 'PUT'],
    ['patch', 'patch'],
    ['QUERY', 'QUERY'],
    ['trace', 'UNSUPPORTED'],
    ['TRACE', 'UNSUPPORTED'],
    ['Connect', 'UNSUPPORTED'],
    ['TRACK', 'UNSUPPORTED'],
    ['no method', 'UNSUPPORTED'],
    ['TRACER', 'TRACER'],
    ['RETRACK', 'RETRACK'],
    ['gets', 'gets'],
    ['forget', 'forget'],
    [undefined, 'GET'],
  ])('by %s is by %s', (method, normalised) => {
    const request = toRequest(made({ method, headers: { host: 'app.example' } }))
    expect(request.method).toBe(normalised)
    expect(new URL(request.url).host).toBe(normalised === 'UNSUPPORTED' ? 'bad-request.invalid' : 'app.example')
  })

  it('takes the authority of HTTP/2, and none where a Host says otherwise', () => {
    const at = (headers: object) => toRequest(made({ url: '/x', headers, socket: { encrypted: true } })).url
    expect(at({ ':authority': 'app.example' })).toBe('https://app.example/x')
    expect(at({ ':authority': 'app.example', host: 'APP.example:443' })).toBe('https://app.example/x')
    expect(at({ ':authority': 'app.example', host: 'evil.example' })).toBe('http://bad-request.invalid/x')
    expect(at({ ':authority': 'app.example', host: 'a b' })).toBe('http://bad-request.invalid/x')
  })

  it('with two Hosts goes to neither, though Node shows the first', async () => {
    const origin = await serve(async (incoming, outgoing) => {
      outgoing.end(`${incoming.headers.host} ${toRequest(incoming).url}`)
    })
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.end('GET /x HTTP/1.1\r\nHost: app.example\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(await text(socket)).toContain('app.example http://bad-request.invalid/x')
  })

  it.each<[string, string[], string]>([
    ['two Hosts that differ in case', ['Host', 'app.example', 'HOST', 'app.example'], 'bad-request.invalid'],
    ['two credentials', ['Authorization', 'DPoP a', 'authorization', 'DPoP b'], 'bad-request.invalid'],
    ['a Host and credentials', ['Host', 'app.example', 'Authorization', 'DPoP a'], 'app.example'],
    ['other headers twice', ['x-host', 'a', 'x-host', 'b', 'hosts', 'c', 'hosts', 'd'], 'app.example'],
    ['values that are names', ['host', 'host', 'x-a', 'host', 'x-b', 'authorization'], 'app.example'],
  ])('with %s', (_, rawHeaders, host) => {
    const { url } = toRequest(made({ headers: { host: 'app.example' }, rawHeaders }))
    expect(url).toBe(`http://${host}/`)
  })

  it('without a connection, as in a test, is of http', () => {
    expect(toRequest(made({ headers: { host: 'app.example' }, socket: undefined })).url).toBe('http://app.example/')
  })

  it('has no header that has no value', () => {
    const { headers } = toRequest(made({ headers: { host: 'app.example', 'x-none': undefined } }))
    expect([...headers]).toEqual([['host', 'app.example']])
  })

  it('with an unsupported method keeps its path and headers, for whoever answers it', () => {
    const { url, headers } = toRequest(made({ method: 'TRACE', url: '/x?y=1', headers: { 'x-a': 'b' } }))
    expect([url, [...headers]]).toEqual(['http://bad-request.invalid/x?y=1', [['x-a', 'b']]])
  })

  it('by GET has no body, also where a parser has left one; methods that look like it have one', async () => {
    const text = (method: string) => {
      const headers = { host: 'app.example', 'content-type': 'application/json' }
      return toRequest(made({ method, headers, body: { a: 1 }, readableEnded: true })).text()
    }
    for (const method of ['GET', 'head', 'HEAD']) expect(await text(method)).toBe('')
    for (const method of ['TARGET', 'GETALL', 'OVERHEAD', 'HEADS']) expect(await text(method)).toBe('{"a":1}')
  })

  it('with a header or a body that cannot be written is a bad one', () => {
    const wide = toRequest(made({ headers: { host: 'app.example', 'x-name': '\u20ac' } }))
    const body: Record<string, unknown> = {}
    body['itself'] = body
    const headers = { host: 'app.example', 'content-type': 'application/json' }
    const circular = toRequest(made({ method: 'POST', headers, body, readableEnded: true }))
    for (const { url, method } of [wide, circular])
      expect([url, method]).toEqual(['http://bad-request.invalid/', 'UNSUPPORTED'])
  })

  it('writes a parsed body again: repeated fields, bytes, JSON that Fastify read', async () => {
    const incoming = (type: string, body: unknown) =>
      made({
        method: 'POST',
        headers: { host: 'app.example', 'content-type': type },
        readableEnded: true,
        body,
      })
    const form = 'application/x-www-form-urlencoded'
    await expect(toRequest(incoming(form, { code: ['a', 'b'], x: 'y z' })).text()).resolves.toBe('code=a&code=b&x=y+z')
    await expect(toRequest(incoming(form, Buffer.from('code=a'))).text()).resolves.toBe('code=a')
    // Nested fields, which some parsers make of `a[b]=c`: none of our forms has them.
    const nested = { code: 'a', a: { b: 'c' }, list: ['x', ['y'], { z: 'z' }, 1], none: null }
    await expect(toRequest(incoming(form, nested)).text()).resolves.toBe('code=a&list=x')
    await expect(toRequest(made({ ...incoming(form, { a: 'b' }), headers: { host: 'a' } })).text()).resolves.toBe('a=b')
    for (const nothing of [undefined, null])
      expect(toRequest(made({ ...incoming(form, nothing), httpVersionMajor: 1 })).body).toBeNull()
    const fastify = incoming('application/json', undefined)
    await expect(toRequest(fastify, { body: { a: 1 } }).text()).resolves.toBe('{"a":1}')
  })

  it.each<[string, object, boolean]>([
    ['HTTP/1 with a length', { httpVersionMajor: 1, headers: { 'content-length': '1' } }, true],
    ['HTTP/1 in chunks', { httpVersionMajor: 1, headers: { 'transfer-encoding': 'chunked' } }, true],
    ['HTTP/1 without either', { httpVersionMajor: 1 }, false],
    ['HTTP/2 whose stream goes on', { httpVersionMajor: 2, stream: { endAfterHeaders: false } }, true],
    ['HTTP/2 whose stream has ended', { httpVersionMajor: 2, stream: { endAfterHeaders: true } }, false],
  ])('of %s: whether it has a body', (_, { headers, ...parts }: { headers?: object }, expected) => {
    for (const method of ['POST', 'TARGET', 'HEADS']) {
      const { body } = toRequest(made({ method, headers: { host: 'app.example', ...headers }, ...parts }))
      expect(!!body).toBe(expected)
    }
  })

  it('has the body that was read before, also without its length; one that waits keeps it', async () => {
    const headers = { host: 'app.example', 'content-length': '3' }
    const read = { method: 'POST', httpVersionMajor: 1, headers: { host: 'app.example' }, readableEnded: true }
    await expect(toRequest(made({ ...read, body: 'a=b' })).text()).resolves.toBe('a=b')
    expect(toRequest(made({ ...read, headers, body: 'a=b' })).headers.get('content-length')).toBeNull()
    expect(toRequest(made({ ...read, headers, readableEnded: false })).headers.get('content-length')).toBe('3')
  })

  it('has no body where the method has none', async () => {
    let seen: Request | undefined
    const origin = await serve(async (incoming, outgoing) => {
      seen = toRequest(incoming)
      outgoing.end()
    })
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      await fetch(origin, { method })
      expect([seen?.method, await seen?.text()]).toEqual([method, ''])
    }
  })

  it('brings a body of any length, byte for byte', async () => {
    const origin = await serve(echo)
    const bytes = crypto.getRandomValues(Buffer.alloc(60_000))
    for (const body of [Buffer.alloc(0), bytes, Buffer.concat(Array<Buffer>(10).fill(bytes))]) {
      const { method, body: came } = await echoed(origin, { method: 'POST', body })
      expect(method).toBe('POST')
      expect(Buffer.from(came ?? '', 'base64').equals(body)).toBe(true)
    }
  })

  it('streams: its beginning can be read before its end is there', async () => {
    const origin = await serve(async (incoming, outgoing) => {
      const reader = toRequest(incoming).body!.getReader()
      const { value } = await reader.read()
      await reader.cancel()
      await sendResponse(outgoing, new Response(value))
    })
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nbeginning')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toContain('beginning')
    socket.destroy()
  })
})

describe('a body that a framework has parsed', () => {
  /** As Express leaves a request: read to its end, its body parsed. */
  const parsing =
    (parse: (incoming: IncomingMessage) => Promise<unknown>): Handler =>
    async (incoming, outgoing) => {
      await echo(Object.assign(incoming, { body: await parse(incoming) }), outgoing)
    }
  const form = async (incoming: IncomingMessage) => Object.fromEntries(new URLSearchParams(await text(incoming)))

  it('is a form again', async () => {
    const sent = new URLSearchParams({ code: 'a+b/c=', state: 'ü & ?', iss: 'https://as.example' })
    const answer = await echoed(await serve(parsing(form)), { method: 'POST', body: sent })
    expect([...new URLSearchParams(decoded(answer))]).toEqual([...sent])
  })

  it('is JSON again', async () => {
    const sent = { code: 'ü', resource: ['a', 'b'], maxAgeSeconds: 1, none: null }
    const answer = await echoed(await serve(parsing(json)), {
      method: 'POST',
      body: JSON.stringify(sent),
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    expect(JSON.parse(decoded(answer))).toEqual(sent)
  })

  it('is the text it was', async () => {
    const answer = await echoed(await serve(parsing(text)), { method: 'POST', body: 'code=a&state=b' })
    expect(decoded(answer)).toBe('code=a&state=b')
  })

  it('is not taken for one while it waits to be read', async () => {
    const origin = await serve((incoming, outgoing) => echo(Object.assign(incoming, { body: {} }), outgoing))
    expect(decoded(await echoed(origin, { method: 'POST', body: 'unread' }))).toBe('unread')
  })
})

describe('a mounted router', () => {
  it('does not hide the path that was asked for', async () => {
    const origin = await serve((incoming, outgoing) => {
      const originalUrl = incoming.url
      return echo(Object.assign(incoming, { originalUrl, url: '/callback?code=a' }), outgoing)
    })
    expect((await echoed(`${origin}/auth/callback?code=a`)).url).toBe(`${origin}/auth/callback?code=a`)
  })
})

describe('a response', () => {
  it('keeps status, headers and body', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000))
    const sent = new Response(bytes, { status: 201, headers: { 'x-a': 'b', 'cache-control': 'no-store' } })
    const response = await fetch(await serve((_, outgoing) => sendResponse(outgoing, sent)))
    expect(response.status).toBe(201)
    expect(response.headers.get('x-a')).toBe('b')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
  })

  it('may have an empty body', async () => {
    const empty = () => new Response(new ReadableStream({ start: (controller) => controller.close() }), { status: 202 })
    const response = await fetch(await serve((_, outgoing) => sendResponse(outgoing, empty())))
    expect([response.status, await response.text()]).toEqual([202, ''])
  })

  it('sends a person on without a body', async () => {
    const sent = new Response(null, { status: 303, headers: { location: 'https://as.example/?a=b' } })
    const origin = await serve((_, outgoing) => sendResponse(outgoing, sent))
    const response = await fetch(origin, { redirect: 'manual' })
    expect([response.status, response.headers.get('location'), await response.text()]).toEqual([
      303,
      'https://as.example/?a=b',
      '',
    ])
  })

  it('has no body for HEAD', async () => {
    await serve((_, outgoing) => sendResponse(outgoing, new Response('body')))
    const socket = connect(server!.port, '127.0.0.1')
    socket.end('HEAD / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n(.+\r\n)+\r\n$/)
  })

  it('keeps cookies apart, its own and those that are set already', async () => {
    const cookies = ['session=1; Path=/', 'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'b=2; Path=/']
    const headers = new Headers(cookies.slice(1).map((cookie): [string, string] => ['set-cookie', cookie]))
    const origin = await serve(async (incoming, outgoing) => {
      outgoing.setHeader('set-cookie', cookies[0]!)
      if (incoming.url === '/send') return sendResponse(outgoing, new Response('ok', { headers }))
      appendHeaders(outgoing, headers)
      outgoing.end('ok')
    })
    for (const path of ['/send', '/append']) {
      expect((await fetch(origin + path)).headers.getSetCookie()).toEqual(cookies)
    }
  })

  it('of HTTP/2 has no Connection header, of which Node would warn', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const http2 = createHttp2Server((_, outgoing) => {
      appendHeaders(outgoing as unknown as ServerResponse, new Headers({ connection: 'close', 'x-a': 'b' }))
      outgoing.end()
    })
    await once(http2.listen(0, '127.0.0.1'), 'listening')
    const session = connectHttp2(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`)
    const stream = session.request({ ':path': '/' })
    const [headers] = await once(stream, 'response')
    expect([headers['x-a'], headers.connection]).toEqual(['b', undefined])
    expect(warn).not.toHaveBeenCalled()
    session.destroy()
    http2.close()
    warn.mockRestore()
  })

  it('of HTTP/1 keeps its Connection header', async () => {
    const closing = new Response('ok', { headers: { connection: 'close' } })
    const response = await fetch(await serve((_, outgoing) => sendResponse(outgoing, closing)))
    expect(response.headers.get('connection')).toBe('close')
  })

  it('takes the place of a header that is set already', async () => {
    const origin = await serve(async (_, outgoing) => {
      outgoing.setHeader('cache-control', 'public')
      appendHeaders(outgoing, new Headers({ 'cache-control': 'no-store' }))
      outgoing.end()
    })
    expect((await fetch(origin)).headers.get('cache-control')).toBe('no-store')
  })
})
