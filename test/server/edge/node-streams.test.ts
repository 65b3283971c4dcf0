import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { sendResponse, toRequest } from '../../../src/server/edge/node-http.js'
import { type Listening, listen } from '../../helpers/loopback.js'

let server: Listening | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server?.close()
  server = undefined
})

/** Starts Node's server. */
async function serve(handler: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>) {
  server = await listen((incoming, outgoing) => {
    handler(incoming, outgoing).catch((error) => outgoing.writeHead(500).end(String(error)))
  })
}

function send(head: string): Socket {
  const socket = connect(server!.port, '127.0.0.1')
  socket.on('error', () => {})
  sockets.push(socket)
  socket.write(head)
  return socket
}
const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'
const CHUNK = new Uint8Array(65_536)
/** What kernel and streams may hold in between. */
const BOUND = 16_000_000

/** Chunks without end, one a turn. */
function endless() {
  const seen = { bytes: 0, cancelled: undefined as (() => void) | undefined }
  const cancelled = new Promise<void>((resolve) => {
    seen.cancelled = resolve
  })
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await turn()
      seen.bytes += CHUNK.length
      controller.enqueue(CHUNK)
    },
    cancel: () => seen.cancelled?.(),
  })
  return { seen, stream, cancelled }
}

describe('a response', () => {
  it('is sent as it comes: its beginning arrives before its end is there', async () => {
    let end = () => {}
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('beginning'))
        end = () => controller.close()
      },
    })
    await serve((_, outgoing) => sendResponse(outgoing, new Response(body)))
    const socket = send(GET)
    let answer = ''
    while (!answer.includes('beginning')) answer += (await once(socket, 'data'))[0]
    end()
    while (!answer.endsWith('0\r\n\r\n')) answer += (await once(socket, 'data'))[0]
  })

  it('of several parts arrives whole, whenever they come', async () => {
    let parts = 0
    const body = new ReadableStream({
      async pull(controller) {
        if (parts % 2) await turn()
        if (parts === 7) controller.close()
        else controller.enqueue(new TextEncoder().encode(`${parts++} `))
      },
    })
    await serve((_, outgoing) => sendResponse(outgoing, new Response(body)))
    const response = await fetch(`http://127.0.0.1:${server!.port}`)
    expect(await response.text()).toBe('0 1 2 3 4 5 6 ')
  })

  it('shows its head before there is any body', async () => {
    await serve((_, outgoing) => sendResponse(outgoing, new Response(new ReadableStream(), { status: 202 })))
    expect(String((await once(send(GET), 'data'))[0])).toContain('HTTP/1.1 202')
  })

  it('of one part has a length', async () => {
    await serve((_, outgoing) => sendResponse(outgoing, Response.json({ a: 1 })))
    expect(String((await once(send(GET), 'data'))[0])).toContain('Content-Length: 7')
  })

  it('without end comes no faster than it is read', async () => {
    const { seen, stream } = endless()
    await serve((_, outgoing) => sendResponse(outgoing, new Response(stream)))
    const socket = send(GET)
    let received = 0
    let ahead = 0
    for await (const chunk of socket) {
      received += chunk.length
      // A slow reader: the source could send 20 times as much.
      for (let turns = 0; turns < 20; turns++) await turn()
      ahead = Math.max(ahead, seen.bytes - received)
      if (received > BOUND) break
    }
    expect(ahead).toBeLessThan(BOUND)
  })

  it('is cancelled if the browser leaves', async () => {
    const { stream, cancelled } = endless()
    await serve((_, outgoing) => sendResponse(outgoing, new Response(stream)))
    const socket = send(GET)
    await once(socket, 'data')
    socket.destroy()
    await cancelled
  })

  it('is cancelled if the browser has left before', async () => {
    const { stream, cancelled } = endless()
    await serve(async (_, outgoing) => {
      const closed = once(outgoing, 'close')
      sockets[0]!.destroy()
      await closed
      await sendResponse(outgoing, new Response(stream))
    })
    send(GET)
    await cancelled
  })

  it('that breaks off is not taken for complete', async () => {
    let fail = () => {}
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('beginning'))
        fail = () => controller.error(new Error('broken'))
      },
    })
    await serve((_, outgoing) => sendResponse(outgoing, new Response(body)))
    const response = await fetch(`http://127.0.0.1:${server!.port}`)
    fail()
    await expect(response.text()).rejects.toThrow()
  })

  it('to HEAD: its body is cancelled, not read', async () => {
    const { stream, cancelled, seen } = endless()
    await serve((_, outgoing) => sendResponse(outgoing, new Response(stream)))
    const socket = send(GET.replace('GET', 'HEAD').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect(await text(socket)).toContain('HTTP/1.1 200')
    await cancelled
    // One chunk is what a stream makes ahead.
    expect(seen.bytes).toBeLessThanOrEqual(CHUNK.length)
  })

  it('to HEAD, whose body cannot be cancelled, is sent all the same', async () => {
    const cancel = () => Promise.reject(new Error('cannot be cancelled'))
    await serve((_, outgoing) => sendResponse(outgoing, new Response(new ReadableStream({ cancel }))))
    const socket = send(GET.replace('GET', 'HEAD').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect(await text(socket)).toContain('HTTP/1.1 200')
  })

  it('whose body fails at once can be another one', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('broken')) })
    await serve((_, outgoing) => sendResponse(outgoing, new Response(body)))
    const response = await fetch(`http://127.0.0.1:${server!.port}`)
    expect([response.status, await response.text()]).toEqual([500, 'Error: broken'])
  })
})

describe('a request', () => {
  it('is read no faster than its body is asked for', async () => {
    let received = 0
    let sent = 0
    let read = async (_: number) => {}
    await serve(async (incoming) => {
      const reader = toRequest(incoming).body!.getReader()
      read = async (limit) => {
        while (received < limit) received += (await reader.read()).value?.length ?? 0
      }
      serving()
      await new Promise(() => {})
    })
    let serving = () => {}
    const served = new Promise<void>((resolve) => {
      serving = resolve
    })
    const socket = send('POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n')
    await served
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')])
    // Without a bound this loop would not end: the other side has read nothing.
    while (socket.writableLength < 4 * chunk.length) {
      socket.write(chunk)
      sent += CHUNK.length
      expect(sent).toBeLessThan(BOUND)
      await turn()
    }
    await read(sent)
    expect(received).toBe(sent)
  })

  it('can be refused in the middle: the response arrives, and the rest is not kept', async () => {
    await serve(async (incoming, outgoing) => {
      const reader = toRequest(incoming).body!.getReader()
      await reader.read()
      await reader.cancel()
      await sendResponse(outgoing, new Response('too large', { status: 413 }))
    })
    const socket = send('POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: 30000000\r\n\r\n')
    const answered = text(socket)
    for (let sent = 0; sent < 30_000_000 && !socket.destroyed; sent += CHUNK.length) {
      if (!socket.write(CHUNK)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
    expect(await answered).toContain('413')
  })

  it('that breaks off is not taken for complete', async () => {
    const outcome = new Promise((resolve) => {
      void serve(async (incoming) =>
        resolve(
          toRequest(incoming)
            .text()
            .catch((error) => error),
        ),
      )
    })
    while (!server) await turn()
    const socket = send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nbeginning')
    socket.once('connect', () => socket.end())
    expect(await outcome).toBeInstanceOf(Error)
  })

  it('is not touched until its body is read, and keeps no listener when that is over', async () => {
    const counts: number[] = []
    await serve(async (incoming, outgoing) => {
      const count = () => ['readable', 'end', 'error', 'close'].map((name) => incoming.listenerCount(name))
      const before = count()
      const { body } = toRequest(incoming)
      await turn()
      counts.push(...count().map((listeners, at) => listeners - before[at]!))
      const reader = body!.getReader()
      let bytes = 0
      while (bytes < 4 * CHUNK.length) bytes += (await reader.read()).value?.length ?? 0
      counts.push(...count().map((listeners, at) => listeners - before[at]!))
      await reader.cancel()
      counts.push(...count().map((listeners, at) => listeners - before[at]!))
      await sendResponse(outgoing, new Response('ok'))
    })
    const body = Buffer.alloc(5 * CHUNK.length)
    const url = `http://127.0.0.1:${server!.port}`
    expect(await (await fetch(url, { method: 'POST', body })).text()).toBe('ok')
    expect(counts).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0])
  })

  it('that another one destroys is not taken for complete', async () => {
    const outcome = new Promise((resolve) => {
      void serve(async (incoming) => {
        const reading = toRequest(incoming).text()
        incoming.destroy()
        await reading.catch(resolve)
      })
    })
    while (!server) await turn()
    send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nbeginning')
    expect(await outcome).toMatchObject({ message: 'The request is incomplete.' })
  })

  it('of Express has the response with it, and its signal', async () => {
    let signal: AbortSignal | undefined
    const seen = new Promise<void>((resolve) => {
      void serve(async (incoming, res) => {
        signal = toRequest(Object.assign(incoming, { res })).signal
        signal.addEventListener('abort', () => resolve())
        sockets[0]!.destroy()
      })
    })
    while (!server) await turn()
    send(GET)
    await seen
    expect(signal?.reason).toMatchObject({ name: 'AbortError', message: 'The browser has left.' })
  })

  it('has a signal that tells when the browser leaves', async () => {
    let signal: AbortSignal | undefined
    const seen = new Promise<void>((resolve) => {
      void serve(async (incoming, response) => {
        signal = toRequest(incoming, { response }).signal
        signal.addEventListener('abort', () => resolve())
        sockets[0]!.destroy()
      })
    })
    while (!server) await turn()
    send(GET)
    await seen
    expect(signal?.aborted).toBe(true)
  })

  it('has a signal that stays quiet after its response', async () => {
    let signal: AbortSignal | undefined
    await serve(async (incoming, response) => {
      signal = toRequest(incoming, { response }).signal
      await sendResponse(response, new Response('ok'))
    })
    const socket = send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect(await text(socket)).toContain('ok')
    expect(signal?.aborted).toBe(false)
  })

  it.each([
    ['DELETE / HTTP/1.1\r\nHost: a.example\r\n\r\n', 'null'],
    ['POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\nx', 'a stream'],
    ['POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'a stream'],
  ])('%j: its body is %s', async (head, expected) => {
    await serve(async (incoming, outgoing) => {
      const { body } = toRequest(incoming)
      await sendResponse(outgoing, new Response(body ? 'a stream' : 'null'))
    })
    expect(String((await once(send(head), 'data'))[0])).toContain(`\r\n\r\n${expected}`)
  })

  it('whose parsed body is serialised again does not keep the length of the first', async () => {
    let length: string | null = ''
    await serve(async (incoming, outgoing) => {
      const body = JSON.parse(await text(incoming))
      length = toRequest(incoming, { body }).headers.get('content-length')
      await sendResponse(outgoing, new Response())
    })
    const body = '{ "spaced" : 1 }'
    await fetch(`http://127.0.0.1:${server!.port}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(length).toBeNull()
  })
})
