import { once } from 'node:events'
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout, setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { forwardBody, watchForward } from '../../../src/server/session/forward-body.js'
import type { ForwardConfig } from '../../../src/server/session/forward-config.js'
import { createForwardApp, headOf } from '../../helpers/forward-app.js'

type App = Awaited<ReturnType<typeof createForwardApp>>
let app: App | undefined
afterEach(async () => {
  await app?.close()
  app = undefined
})

const CHUNK = Buffer.alloc(65_536)
const FRAMED = Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')])
/** What two connections and the streams between them may hold. */
const BOUND = 32_000_000
const UPLOAD = headOf('POST /api/x', 'Transfer-Encoding: chunked')

/** An app whose API shows its request and response as they come. */
async function start(
  changes?: Partial<ForwardConfig>,
  answer?: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
  options?: ServerOptions,
) {
  let arrived = (_: { incoming: IncomingMessage; outgoing: ServerResponse }) => {}
  const atApi = new Promise<Parameters<typeof arrived>[0]>((resolve) => {
    arrived = resolve
  })
  const started = await createForwardApp(
    (incoming, outgoing) => {
      incoming.on('error', () => {})
      arrived({ incoming, outgoing })
      answer?.(incoming, outgoing)
    },
    changes,
    {},
    true,
    options,
  )
  app = started
  return { ...started, atApi }
}

/** Waits until more can be written, or nothing can. */
const drained = (outgoing: ServerResponse) =>
  new Promise<void>((resolve) => {
    const done = () => {
      outgoing.off('drain', done).off('close', done)
      resolve()
    }
    outgoing.on('drain', done).on('close', done)
    if (outgoing.destroyed) done()
  })

/** An API whose response does not end. */
async function endless(_: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  while (!outgoing.destroyed) {
    if (!outgoing.write(CHUNK)) await drained(outgoing)
  }
}

async function answerOf(socket: Socket, end: RegExp): Promise<string> {
  let answer = ''
  for await (const chunk of socket) {
    answer += chunk
    if (end.test(answer)) break
  }
  return answer
}

describe('a response', () => {
  it('is passed on as it comes', async () => {
    const { connect, atApi } = await start()
    const socket = await connect(headOf('GET /api/events'))
    const { outgoing } = await atApi
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    let answer = ''
    const until = async (end: RegExp) => {
      while (!end.test(answer)) answer += (await once(socket, 'data'))[0]
    }
    await until(/\r\n\r\n/)
    outgoing.write('data: 1\n\n')
    await until(/data: 1/)
    outgoing.end('data: 2\n\n')
    await until(/data: 2\s+0\r\n\r\n$/)
  })

  it('without end comes no faster than it is read', async () => {
    let sent = 0
    const { connect } = await start({}, async (_, outgoing) => {
      while (!outgoing.destroyed) {
        sent += CHUNK.length
        if (!outgoing.write(CHUNK)) await drained(outgoing)
        await turn()
      }
    })
    const socket = await connect(headOf('GET /api/x'))
    let received = 0
    let ahead = 0
    for await (const chunk of socket) {
      received += chunk.length
      for (let turns = 0; turns < 20; turns++) await turn()
      ahead = Math.max(ahead, sent - received)
      if (received > BOUND) break
    }
    expect(ahead).toBeLessThan(BOUND)
  })

  it('is ended at the API if the browser leaves', async () => {
    const { connect, atApi } = await start()
    const socket = await connect(headOf('GET /api/x'))
    const { outgoing } = await atApi
    outgoing.write('beginning')
    await once(socket, 'data')
    socket.destroy()
    await once(outgoing, 'close')
    expect(outgoing.writableFinished).toBe(false)
  })

  it('is not waited for if the browser has left', async () => {
    const { connect, atApi, errors } = await start()
    const socket = await connect(headOf('GET /api/x'))
    const { outgoing } = await atApi
    socket.destroy()
    await once(outgoing, 'close')
    expect(errors).toEqual(['aborted'])
  })

  it('that the API breaks off is not taken for complete', async () => {
    const started = await start()
    const pending = started.fetch('/api/x')
    const { outgoing } = await started.atApi
    outgoing.write('beginning')
    const response = await pending
    outgoing.destroy()
    await expect(response.text()).rejects.toThrow()
  })

  it('shorter than its Content-Length is not taken for complete', async () => {
    const started = await start({}, (_, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '100' }).write('short', () => outgoing.destroy())
    })
    await expect(started.fetch('/api/x').then((response) => response.text())).rejects.toThrow()
  })
})

describe('a body', () => {
  it('is passed on as it comes', async () => {
    const { connect, atApi } = await start()
    const socket = await connect(UPLOAD)
    socket.write('3\r\none\r\n')
    const { incoming, outgoing } = await atApi
    expect(String((await once(incoming, 'data'))[0])).toBe('one')
    socket.write('3\r\ntwo\r\n')
    expect(String((await once(incoming, 'data'))[0])).toBe('two')
    socket.write('0\r\n\r\n')
    await once(incoming, 'end')
    outgoing.end('done')
    expect(await answerOf(socket, /done/)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('has its length if the browser knows it', async () => {
    const { connect, atApi } = await start({}, (incoming, outgoing) =>
      incoming.resume().on('end', () => outgoing.end('done')),
    )
    const socket = await connect(headOf('POST /api/x', 'Content-Length: 100000', 'Connection: close'))
    socket.write(Buffer.alloc(100_000))
    const { incoming } = await atApi
    expect(incoming.headers).toMatchObject({ 'content-length': '100000' })
    expect(incoming.headers['transfer-encoding']).toBeUndefined()
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('without end is read no faster than the API takes it', async () => {
    const { connect, atApi } = await start()
    const socket = await connect(UPLOAD)
    let sent = 0
    // Without a bound this loop would not end: the API has read nothing.
    while (socket.writableLength < 4 * FRAMED.length) {
      socket.write(FRAMED)
      sent += CHUNK.length
      expect(sent).toBeLessThan(BOUND)
      for (let turns = 0; turns < 20; turns++) await turn()
    }
    const { incoming } = await atApi
    socket.write('0\r\n\r\n')
    let received = 0
    for await (const chunk of incoming) received += chunk.length
    expect(received).toBe(sent)
  })

  it('that the browser breaks off is not taken for complete by the API', async () => {
    const { connect, atApi, errors } = await start()
    const socket = await connect(UPLOAD)
    socket.write('3\r\none\r\n')
    const { incoming } = await atApi
    incoming.resume()
    const closed = new Promise((resolve) => incoming.on('close', resolve))
    socket.destroy()
    await closed
    expect(incoming.complete).toBe(false)
    expect(errors.filter((code) => code !== 'aborted')).toEqual([])
  })

  it('shorter than its Content-Length never reaches the API', async () => {
    const { connect, seen, errors } = await start()
    const socket = await connect(headOf('POST /api/x', 'Content-Length: 100'))
    socket.resume().end('short')
    await once(socket, 'close')
    while (!errors.length) await turn()
    expect([seen, errors]).toEqual([[], ['aborted']])
  })

  it('that the API does not want is not waited for', async () => {
    const { connect } = await start({}, (_, outgoing) => outgoing.writeHead(413).end('too large'))
    const socket = await connect(UPLOAD)
    let isAnswered = false
    const answer = answerOf(socket, /too large/).finally(() => {
      isAnswered = true
    })
    while (!isAnswered) {
      if (!socket.write(FRAMED)) await Promise.race([once(socket, 'drain'), answer])
      await turn()
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('whose API goes away is 502', async () => {
    const { connect, atApi } = await start()
    const socket = await connect(UPLOAD)
    socket.write('3\r\none\r\n')
    const { incoming } = await atApi
    incoming.socket.destroy()
    expect(await answerOf(socket, /network_error/)).toMatch(/^HTTP\/1\.1 502 /)
  })
})

const LIMITS = { idleTimeoutSeconds: 10, uploadTimeoutSeconds: 60 }

describe('the time limit of a body', () => {
  /** Sends a byte now and then, as long as the connection lives: nothing is ever idle. */
  async function trickle(socket: Socket, head: string): Promise<string> {
    const answer = text(socket)
    let isOver = false
    const over = () => {
      isOver = true
    }
    answer.then(over, over)
    const isChunked = head.includes('chunked')
    while (!isOver) {
      socket.write(isChunked ? '1\r\nx\r\n' : 'x')
      await setTimeout(20)
    }
    return answer
  }

  it.each([
    ['short', headOf('POST /api/x', 'Content-Length: 60000')],
    ['long', headOf('POST /api/x', 'Content-Length: 1000000')],
    ['of unknown length', UPLOAD],
  ])('ends a request whose body comes byte by byte (slow loris): %s', async (_, head) => {
    const { connect, errors } = await start({ idleTimeoutSeconds: 60, uploadTimeoutSeconds: 0.3 }, (incoming) =>
      incoming.resume(),
    )
    const answer = await trickle(await connect(head), head)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('0.3 s')
    expect(errors).toEqual(['timeout'])
  })

  it.each<[string, () => RequestInit]>([
    ['no body', () => ({})],
    ['a short body', () => ({ method: 'POST', body: 'x', headers: { 'content-length': '1' } })],
    [
      'a body of unknown length',
      () => ({ method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' }) as RequestInit,
    ],
  ])('ends with the body: an event stream that answers %s lasts', async (_, init) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
    try {
      const watch = watchForward(new AbortController().signal, LIMITS)
      const { body } = await forwardBody(new Request('https://app.example/api/x', init()), watch)
      if (body) expect(await new Response(body).text()).toBe('x')
      for (let seconds = 0; seconds < 100; seconds += 9) {
        vi.advanceTimersByTime(9000)
        watch.moved('api')
      }
      expect(watch.signal.aborted).toBe(false)
      watch.end()
    } finally {
      vi.useRealTimers()
    }
  })

  it('is kept by Node’s own server too: requestTimeout', async () => {
    const { connect, atApi } = await start({ uploadTimeoutSeconds: 60 }, (incoming) => incoming.resume(), {
      requestTimeout: 200,
      headersTimeout: 200,
      connectionsCheckingInterval: 50,
    })
    const socket = await connect(UPLOAD)
    trickle(socket, UPLOAD).catch(() => {})
    const { incoming } = await atApi
    await new Promise((resolve) => incoming.on('close', resolve))
    expect(incoming.complete).toBe(false)
  })
})

describe('the idle time limit', () => {
  const LIMIT = { idleTimeoutSeconds: 0.2 }

  it.each([
    ['short', headOf('POST /api/x', 'Content-Length: 10')],
    ['long', headOf('POST /api/x', 'Content-Length: 100000')],
    ['of unknown length', UPLOAD],
  ])('ends a request whose body does not come (slow loris): %s', async (_, head) => {
    const { connect, errors } = await start(LIMIT)
    const answer = await text(await connect(head))
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toMatch(/^connection: close$/im)
    expect(errors).toEqual(['timeout'])
  })

  it('ends a request whose body stops', async () => {
    const { connect, atApi } = await start(LIMIT)
    const socket = await connect(UPLOAD)
    socket.write('3\r\none\r\n')
    const { incoming } = await atApi
    incoming.resume()
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /)
    expect(incoming.complete).toBe(false)
  })

  it('ends a request whose API does not answer', async () => {
    const { connect } = await start(LIMIT)
    const answer = await answerOf(await connect(headOf('GET /api/x')), /timeout/)
    expect(answer).toMatch(/^HTTP\/1\.1 504 /)
  })

  it('ends a response whose API falls silent', async () => {
    const started = await start(LIMIT, (_, outgoing) => outgoing.write('beginning'))
    const response = await started.fetch('/api/x')
    await expect(response.text()).rejects.toThrow()
  })

  it('ends a response that the browser does not read', async () => {
    const { connect, atApi } = await start(LIMIT, endless)
    const socket = await connect(headOf('GET /api/x'))
    socket.pause()
    const { outgoing } = await atApi
    await once(outgoing, 'close')
  })

  it('ends a response that the browser reads byte by byte: it has to take a chunk in this time', async () => {
    const { connect, atApi } = await start(LIMIT, endless)
    const socket = await connect(headOf('GET /api/x'))
    socket.pause()
    const { outgoing } = await atApi
    let isOver = false
    outgoing.on('close', () => {
      isOver = true
    })
    while (!isOver) {
      socket.read(1)
      await setTimeout(10)
    }
    expect(outgoing.writableFinished).toBe(false)
  })

  it('counts from the last thing that moved', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
    try {
      const watch = watchForward(new AbortController().signal, LIMITS)
      watch.uploaded()
      for (let seconds = 0; seconds < 100; seconds += 9) {
        vi.advanceTimersByTime(9000)
        watch.moved('browser')
      }
      expect(watch.signal.aborted).toBe(false)
      vi.advanceTimersByTime(10_000)
      expect([watch.signal.aborted, watch.stalled]).toEqual([true, 'browser'])
      const ended = watchForward(new AbortController().signal, LIMITS)
      ended.end()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
