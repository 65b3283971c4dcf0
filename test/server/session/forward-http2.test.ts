import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { sendResponse, toRequest } from '../../../src/node.js'
import { createForwardApp, OWN } from '../../helpers/forward-app.js'

let client: ClientHttp2Session | undefined
let front: Http2Server | undefined
let app: Awaited<ReturnType<typeof createForwardApp>> | undefined
afterEach(async () => {
  client?.destroy()
  front?.close()
  await app?.close()
})

/** An app that speaks HTTP/2, before the API. */
async function start(...api: Parameters<typeof createForwardApp>) {
  const { forward, target, ...started } = await createForwardApp(...api)
  app = { forward, target, ...started }
  const failures: unknown[] = []
  front = createServer(async (incoming, outgoing) => {
    const response = outgoing as unknown as ServerResponse
    try {
      await sendResponse(response, await forward(toRequest(incoming as never, { response }), target))
    } catch (error) {
      failures.push(error)
      outgoing.stream.close()
    }
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  const session = connect(`http://127.0.0.1:${(front.address() as AddressInfo).port}`)
  client = session
  return {
    ...started,
    failures,
    send: (method: string, path = '/api/x') => session.request({ ':method': method, ':path': path, ...OWN }),
  }
}

it('streams an upload over HTTP/2 to the API, and the response back', async () => {
  let arrived = (_: string) => {}
  const first = new Promise<string>((resolve) => {
    arrived = resolve
  })
  const { send, failures } = await start(
    async (incoming, outgoing) => {
      const [chunk] = await once(incoming, 'data')
      arrived(String(chunk))
      outgoing.setHeader('set-cookie', 'a=1')
      outgoing.setHeader('x-own', '1')
      outgoing.end(`rest: ${await text(incoming)}`)
    },
    {},
    {},
    true,
  )
  const stream = send('POST')
  stream.write('beginning')
  // It is at the API while the rest is not sent yet.
  expect(await first).toBe('beginning')
  stream.end('end')
  const [head] = await once(stream, 'response')
  expect(head).toMatchObject({ ':status': 200, 'x-own': '1' })
  expect(head['set-cookie']).toBeUndefined()
  expect(await text(stream)).toBe('rest: end')
  expect(failures).toEqual([])
})

it('ends an upload over HTTP/2 at the API if the browser leaves', async () => {
  let closed = () => {}
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve
  })
  const { send } = await start(
    async (incoming) => {
      incoming.on('error', () => {}).on('close', closed)
      await once(incoming, 'data')
      stream.close()
    },
    {},
    {},
    true,
  )
  const stream = send('POST')
  stream.on('error', () => {})
  stream.write('beginning')
  await isClosed
})

it('answers an upload over HTTP/2 that stops, without a header of connections', async () => {
  const warnings: string[] = []
  const warned = ({ name }: Error) => warnings.push(name)
  process.on('warning', warned)
  const { send, failures } = await start(undefined, { idleTimeoutSeconds: 0.05 })
  const stream = send('POST')
  stream.write('beginning')
  const [head] = await once(stream, 'response')
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  expect([head[':status'], head['connection'], failures, warnings]).toEqual([408, undefined, [], []])
})

it('takes a request over HTTP/2 without a body', async () => {
  const { send, seen } = await start((_, outgoing) => outgoing.writeHead(204, { connection: 'close' }).end())
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    const stream = send(method).end()
    const [head] = await once(stream, 'response')
    expect(head[':status']).toBe(204)
  }
  expect(seen.map(({ method, body }) => [method, body])).toEqual([
    ['GET', ''],
    ['HEAD', ''],
    ['DELETE', ''],
  ])
})
