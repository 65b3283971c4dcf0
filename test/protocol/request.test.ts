import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { send } from '../../src/protocol/request.js'
import { refusal } from '../helpers/refusal.js'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('send', () => {
  it('gives the body, its type, the server’s time and how long it is fresh, nothing else', async () => {
    const url = await serve((_, response) =>
      response
        .setHeader('x-other', '1')
        .setHeader('content-type', 'application/json')
        .setHeader('cache-control', 'max-age=60')
        .setHeader('age', '5')
        .end('{"a":1}'),
    )
    const response = await send(url, {}, {})
    expect(response.status).toBe(200)
    expect([...response.headers]).toEqual([
      ['age', '5'],
      ['cache-control', 'max-age=60'],
      ['content-type', 'application/json'],
      ['date', expect.stringMatching(/ GMT$/)],
      ['expires', ''],
    ])
    await expect(response.json()).resolves.toEqual({ a: 1 })
  })

  it.each([301, 302, 303, 307, 308])('follows no %s', async (status) => {
    let asked = 0
    const url = await serve((_, response) => {
      asked++
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    const error = await refusal(send(url, { method: 'POST', body: 'secret' }, {}), 'response_refused')
    expect(error.retryable).toBe(false)
    expect(asked).toBe(1)
  })

  it.each([204, 205, 304])('takes a %s for no answer', async (status) => {
    const url = await serve((_, response) => response.writeHead(status).end())
    await refusal(send(url, {}, {}), 'response_refused')
  })

  it('stops reading a body that is too large', async () => {
    const chunk = 'x'.repeat(65_536)
    let written = 0
    const url = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && written < 100_000_000) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', more)
        }
      }
      more()
    })
    const error = await refusal(send(url, {}, {}), 'response_refused')
    expect(error.message).toContain('262144 bytes')
    expect(written).toBeLessThan(100_000_000)
    const fits = await serve((_, response) => response.end('x'.repeat(262_144)))
    await expect(send(fits, {}, {}).then((response) => response.text())).resolves.toHaveLength(262_144)
  })

  it('gives up on a server that never answers: retryable', async () => {
    const url = await serve(() => {})
    const error = await refusal(send(url, {}, { timeoutSeconds: 0.05 }), 'timeout')
    expect(error.retryable).toBe(true)
  })

  it('gives up on a body that never ends: not retryable, for the server has answered', async () => {
    const endless: typeof fetch = async (_, init) =>
      new Response(
        new ReadableStream({
          start(controller) {
            init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason))
          },
        }),
      )
    const error = await refusal(send('https://as.example/', {}, { timeoutSeconds: 0.05, fetch: endless }), 'timeout')
    expect(error.retryable).toBe(false)
  })

  it('knows an abort from a timeout', async () => {
    const url = await serve(() => {})
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    await refusal(send(url, {}, { signal: abort.signal }), 'aborted')
  })

  it('says that an answer broke off', async () => {
    const url = await serve((request, response) => {
      response.write('{', () => request.socket.destroy())
    })
    const error = await refusal(send(url, {}, {}), 'network_error')
    expect(error.retryable).toBe(false)
    expect(error.message).toContain('broke off')
  })

  it('says that nothing answered', async () => {
    const url = await serve((request) => request.socket.destroy())
    const error = await refusal(send(url, {}, {}), 'network_error')
    expect(error.retryable).toBe(true)
  })
})
