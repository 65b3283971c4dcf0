import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendResponse, toRequest } from '../../../src/server/edge/node-http.js'
import { clientSecretBasic, createServerClient, isProofkeyError, memoryVault } from '../../../src/server.js'
import { createLogoutServer } from '../../helpers/logout-server.js'

const server = createLogoutServer()
const client = createServerClient({
  issuer: server.issuer,
  clientId: 'web',
  redirectUri: 'http://localhost/callback',
  clientAuth: clientSecretBasic('s3cret'),
  vault: memoryVault({ maxRecords: 10 }),
  metadata: server.metadata,
  fetch: server.fetch as typeof fetch,
})

/** By path; a refusal that is thrown is answered as the guide says. */
const HANDLERS: Record<string, (request: Request) => Promise<Response>> = {
  '/login': (request) => client.signIn(request),
  '/logout': (request) => client.signOut(request),
  '/callback': async (request) => new Response(null, await client.handleCallback(request)),
  '/signed-out': async (request) => new Response(null, await client.handleSignedOut(request)),
  '/exchange': (request) => client.handleExchange(request, () => new Response('exchanged')),
  '/back-channel': (request) => client.handleBackChannelLogout(request, () => {}),
}

/** What the adapter threw; nothing may ever be here. */
const thrown: unknown[] = []
/** Every URL that it made. */
const urls: string[] = []

/** Outside of any `catch`, as an app would call it: what it throws would end the process. */
async function answer(incoming: IncomingMessage): Promise<Response> {
  let request: Request
  try {
    request = toRequest(incoming)
  } catch (error) {
    thrown.push(error)
    return new Response(null, { status: 500 })
  }
  urls.push(request.url)
  const handle = HANDLERS[new URL(request.url).pathname]
  if (!handle) return new Response(null, { status: 404 })
  return handle(request).catch((error) => {
    if (!isProofkeyError(error) || !error.headers) {
      thrown.push(error)
      return new Response(null, { status: 500 })
    }
    return new Response(error.code, { status: 400, headers: error.headers })
  })
}

const http1 = createServer(async (incoming, outgoing) => sendResponse(outgoing, await answer(incoming)))
// Its request and response have all that the adapter uses.
const http2 = createHttp2Server(async (incoming, outgoing) => {
  const { status, headers } = await answer(incoming as unknown as IncomingMessage)
  if (outgoing.stream.destroyed) return
  outgoing.writeHead(status, Object.fromEntries(headers)).end()
})
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port

beforeAll(async () => {
  for (const server of [http1, http2]) await once(server.listen(0, '127.0.0.1'), 'listening')
})
let session: ClientHttp2Session | undefined
afterAll(() => {
  session?.destroy()
  http1.close()
  http1.closeAllConnections()
  http2.close()
})

/** Sends octets; what comes back until the server hangs up. */
async function send(octets: string): Promise<string> {
  const socket = connect(portOf(http1), '127.0.0.1')
  socket.write(octets, 'latin1')
  return text(socket)
}

/** The status that HTTP/2 answers with; undefined where the head is refused by Node itself. */
async function sendHttp2(headers: Record<string, string>): Promise<number | undefined> {
  if (!session || session.closed || session.destroyed) {
    session = connectHttp2(`http://127.0.0.1:${portOf(http2)}`)
    session.on('error', () => {})
  }
  try {
    const stream = session.request(headers, { endStream: true })
    const [head] = await once(stream, 'response')
    stream.resume()
    return Number(head[':status'])
  } catch {
    return undefined
  }
}

const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'TRACK', 'CONNECT', 'PROPFIND', 'QUERY']
const HOSTS = [
  'x:99999',
  '999.999.999.999',
  'xn--a',
  '[::1::2]',
  'localhost',
  'LOCALHOST:80',
  '[::1]',
  'a@b',
  'a b',
  '',
]
const octets = fc.string({
  unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 12,
})
const host = fc.oneof(fc.constantFrom(...HOSTS), octets)
const path = fc.constantFrom(...Object.keys(HANDLERS))
const target = fc.oneof(
  path,
  fc.tuple(path, octets).map((parts) => parts.join('?')),
  fc.constantFrom('*', '//x', 'http://evil.example/login', 'http://x:99999/login', 'javascript:0'),
  octets.map((rest) => `/${rest}`),
)
const header = fc.tuple(
  fc.constantFrom('cookie', 'origin', 'sec-fetch-site', 'content-type', 'x-forwarded-proto', 'forwarded'),
  octets,
)
const method = fc.constantFrom(...METHODS)
const headers = fc.array(header, { maxLength: 3 })

describe('whatever the head of a request, the adapter and the handlers answer: over', () => {
  it('HTTP/1', async () => {
    await fc.assert(
      fc.asyncProperty(method, target, host, headers, async (method, target, host, headers) => {
        const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...headers.map((pair) => pair.join(': '))]
        const answer = await send(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
        // Node answers what is no HTTP itself, and hangs up on CONNECT.
        if (method !== 'CONNECT') expect(answer).toMatch(/^HTTP\/1\.1 (200|303|400|403|404|413) /)
        expect(thrown).toEqual([])
      }),
      { numRuns: 600 },
    )
  })

  it('HTTP/2', async () => {
    const methods = fc.oneof(method, fc.constantFrom('get', 'post', 'trace', 'connect', 'track', 'Head'))
    await fc.assert(
      fc.asyncProperty(methods, target, host, headers, fc.boolean(), async (method, target, host, headers, named) => {
        const place = method === 'CONNECT' ? {} : { ':path': target, ':scheme': 'http' }
        const authority = named ? { ':authority': host } : { host }
        const status = await sendHttp2({ ':method': method, ...place, ...authority, ...Object.fromEntries(headers) })
        // 405: Node's own answer to CONNECT.
        if (status !== undefined) expect([200, 303, 400, 403, 404, 405]).toContain(status)
        expect(thrown).toEqual([])
      }),
      { numRuns: 600 },
    )
    expect(urls.length).toBeGreaterThan(300)
  })
})

describe('a request of which no Web Request can be made is answered with 400, over', () => {
  it.each(
    Object.keys(HANDLERS).flatMap((path) =>
      ['x:99999', '999.999.999.999', 'xn--a', '[::1::2]'].map((host) => [path, host]),
    ),
  )('HTTP/1: %s at %s', async (path, host) => {
    for (const method of ['GET', 'POST', 'TRACE']) {
      const answer = await send(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer).not.toMatch(/^(set-cookie|location):/im)
    }
    expect(thrown).toEqual([])
  })

  it.each(['trace', 'connect', 'track', 'TRACE'])('HTTP/2: %s', async (method) => {
    const place = { ':path': '/login', ':scheme': 'http', ':authority': 'localhost' }
    expect(await sendHttp2({ ':method': method, ...place })).toBe(400)
    expect(thrown).toEqual([])
  })
})

it('a good one reaches the handler, over both', async () => {
  expect(await send('GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 303 /)
  const head = { ':method': 'GET', ':path': '/login', ':scheme': 'http', ':authority': 'localhost' }
  expect(await sendHttp2(head)).toBe(303)
})
