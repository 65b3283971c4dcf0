import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { Agent as Agent6 } from 'undici-6'
import { afterEach, describe, expect, it } from 'vitest'
import { undiciFetch } from '../../src/node.js'
import { echo } from '../helpers/echo.js'
import { differences, runFetchCases } from '../helpers/fetch-cases.js'
import { rawServer } from '../helpers/forward-app.js'
import { type Listening, listen } from '../helpers/loopback.js'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function start(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown): Promise<string> {
  const server: Listening = await listen(async (incoming, outgoing) => {
    incoming.on('error', () => {})
    await answer(incoming, outgoing)
  })
  open.push(server)
  return `http://127.0.0.1:${server.port}`
}

const text = (body: ReadableStream<Uint8Array>) => new Response(body).text()
const never = new AbortController().signal
const GET = { method: 'GET', headers: {}, signal: never }

describe.each([
  ['6', Agent6],
  ['7', Agent],
])('without decoding, undici %s', (_, AgentOf) => {
  function client() {
    // One connection: whoever does not give it back is noticed.
    const dispatcher = new AgentOf({ connections: 1 })
    open.push({ close: () => dispatcher.destroy() })
    return undiciFetch({ dispatcher }).undecoded!
  }

  it('sends method, path, headers and body', async () => {
    const url = await start(async (incoming, outgoing) => {
      const { method, url, headers } = incoming
      outgoing.end(JSON.stringify([method, url, headers['x-own'], `${await buffer(incoming)}`]))
    })
    const send = client()
    const streamed = new Blob(['streamed']).stream() as ReadableStream<Uint8Array>
    for (const [body, arrived] of [
      [new TextEncoder().encode('bytes'), 'bytes'],
      [streamed, 'streamed'],
      [undefined, ''],
    ] as const) {
      const init = { method: 'PATCH', headers: { 'x-own': 'a' }, body, signal: never }
      const { status, body: answer } = await send(`${url}/a%20b?c=d#e`, init)
      expect([status, JSON.parse(await text(answer!))]).toEqual([200, ['PATCH', '/a%20b?c=d', 'a', arrived]])
    }
  })

  it('leaves the body as it was sent, and every Set-Cookie by itself', async () => {
    const url = await start((_, outgoing) => {
      outgoing.writeHead(200, { 'content-encoding': 'gzip', 'set-cookie': ['a=1', 'b=2'] }).end(gzipSync('plain'))
    })
    const { headers, body } = await client()(url, GET)
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(Buffer.from(await new Response(body).arrayBuffer())).toEqual(gzipSync('plain'))
  })

  it('takes a byte of a header for a character', async () => {
    const server = await rawServer('HTTP/1.1 200 OK\r\nX-Own: caf\xe9\r\nContent-Length: 2\r\n\r\nok')
    open.push(server)
    const { headers, body } = await client()(server.origin, GET)
    expect(headers.get('x-own')).toBe('caf\xe9')
    expect(await text(body!)).toBe('ok')
  })

  it('has no body where there is none, and goes on with the connection', async () => {
    const url = await start(({ url, socket }, outgoing) => {
      ports.add(socket.remotePort)
      outgoing.writeHead(Number(url?.slice(1)), { 'x-own': 'a' }).end()
    })
    const ports = new Set<number | undefined>()
    const send = client()
    for (const status of [204, 304, 205]) {
      const { body, headers } = await send(`${url}/${status}`, GET)
      expect([body, headers.get('x-own')]).toEqual([null, 'a'])
    }
    const { body } = await send(`${url}/200`, GET)
    expect(await text(body!)).toBe('')
    expect(ports.size).toBe(1)
    expect((await send(`${url}/200`, { ...GET, method: 'HEAD' })).body).toBe(null)
  })

  it('follows no redirect, and waits for the final response', async () => {
    const url = await start((_, outgoing) => {
      outgoing.writeEarlyHints({ link: '</style.css>; rel=preload' })
      outgoing.writeHead(302, { location: '/other' }).end('moved')
    })
    const { status, headers, body } = await client()(url, GET)
    expect([status, headers.get('location'), await text(body!)]).toEqual([302, '/other', 'moved'])
  })

  it('rejects with the reason of the signal: before, while it waits, in the body', async () => {
    const url = await start(({ url }, outgoing) => {
      if (url === '/body') outgoing.write('beginning')
    })
    const send = client()
    const reason = new TypeError('enough')
    await expect(send(url, { ...GET, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const waiting = new AbortController()
    const waits = send(url, { ...GET, signal: waiting.signal })
    setImmediate(() => waiting.abort(reason))
    await expect(waits).rejects.toBe(reason)
    const reading = new AbortController()
    const { body } = await send(`${url}/body`, { ...GET, signal: reading.signal })
    const reader = body!.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('beginning')
    reading.abort(reason)
    await expect(reader.read()).rejects.toBe(reason)
  })

  it.each(['signal', 'cancel'])('ends the request at the server: %s', async (how) => {
    let closed = () => {}
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve
    })
    const url = await start((_, outgoing) => {
      outgoing.on('close', closed).write('beginning')
    })
    const leaving = new AbortController()
    const { body } = await client()(url, { ...GET, signal: leaving.signal })
    if (how === 'signal') leaving.abort()
    else await body!.cancel()
    await isClosed
  })

  it('rejects with the error of the body, and gives the body up where the request ends', async () => {
    const url = await start((incoming, outgoing) => {
      if (incoming.url === '/refuse') outgoing.destroy()
      incoming.resume()
    })
    const send = client()
    const broken = new TypeError('broken')
    const failing = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(broken) })
    await expect(send(url, { ...GET, method: 'POST', body: failing })).rejects.toBe(broken)
    let cancelled = () => {}
    const isCancelled = new Promise<void>((resolve) => {
      cancelled = resolve
    })
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel: () => cancelled(),
    })
    await expect(send(`${url}/refuse`, { ...GET, method: 'POST', body: endless })).rejects.toThrow()
    await isCancelled
  })

  it('fails where the response is cut off, invalid, or nobody listens', async () => {
    const send = client()
    const cut = await rawServer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')
    const invalid = await rawServer('ICY 200 OK\r\n\r\n')
    open.push(cut, invalid)
    const { body } = await send(cut.origin, GET)
    await expect(text(body!)).rejects.toThrow()
    await expect(send(invalid.origin, GET)).rejects.toThrow()
    const gone = await listen(() => {})
    await gone.close()
    await expect(send(`http://127.0.0.1:${gone.port}`, GET)).rejects.toThrow()
  })

  it.each(['a\r\nx-injected: 1', 'a\nb', 'a\0b'])('sends no header %j', async (value) => {
    let requests = 0
    const url = await start((_, outgoing) => {
      requests++
      outgoing.end()
    })
    await expect(client()(url, { ...GET, headers: { 'x-own': value } })).rejects.toThrow()
    expect(requests).toBe(0)
  })
})

describe('the time limits of undici', () => {
  const ownGlobal = getGlobalDispatcher()
  afterEach(() => setGlobalDispatcher(ownGlobal))

  it.each([
    ['do not end what the signal allows to go on', false, [0, 0]],
    ['are those of the dispatcher that the app has given', true, [undefined, undefined]],
  ])('%s', async (_, isGiven, expected) => {
    const seen: unknown[] = []
    const agent = new Agent()
    const dispatcher = agent.compose((dispatch) => (options, handler) => {
      seen.push([options.headersTimeout, options.bodyTimeout])
      return dispatch(options, handler)
    })
    open.push({ close: () => agent.destroy() })
    setGlobalDispatcher(dispatcher)
    const url = await start((_, outgoing) => outgoing.end('ok'))
    const { body } = await undiciFetch(isGiven ? { dispatcher } : {}).undecoded!(url, GET)
    expect([await text(body!), seen]).toEqual(['ok', [expected]])
  })
})

describe('decoding', () => {
  it('decodes the body, and knows the three ways with redirects', async () => {
    const url = await start(({ url }, outgoing) => {
      if (url === '/redirect') return outgoing.writeHead(302, { location: '/plain' }).end()
      return outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain'))
    })
    const fetch = undiciFetch() as typeof globalThis.fetch
    expect(await (await fetch(url)).text()).toBe('plain')
    expect(await (await fetch(new Request(`${url}/redirect`))).text()).toBe('plain')
    expect((await fetch(`${url}/redirect`, { redirect: 'manual' })).status).toBe(302)
    await expect(fetch(`${url}/redirect`, { redirect: 'error' })).rejects.toThrow()
  })

  it('does what the global fetch does with everything that it can be given', async () => {
    const url = `${await start(echo())}/echo`
    const send = undiciFetch() as typeof globalThis.fetch
    const undici = async (...given: Parameters<typeof send>) => {
      const response = await send(...given)
      const { status, type } = response
      const answer = (await response.text()).replace('"user-agent":"undici"', '"user-agent":"node"')
      return { status, type, text: async () => answer } as Response
    }
    // Sent in chunks, without Content-Length.
    const withBody = ['with a body', 'with JSON', 'with a form', 'and a method', 'and a body', 'with keepalive']
    const chunked = [...withBody.map((more) => `a Request ${more}`), 'a form']
    expect(differences(await runFetchCases(url, { undici }))['undici']?.sort()).toEqual(chunked.sort())
  })
})
