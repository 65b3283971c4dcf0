import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { jsonDocument, send } from '../../src/protocol/request.js'
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

describe('one redirect, where it is allowed', () => {
  /** Answers by path; what is unknown is the document. */
  const asked: string[] = []
  const redirecting = (locations: Record<string, string | undefined>) => {
    asked.length = 0
    return serve((request, response) => {
      const path = `${request.url}`
      asked.push(path)
      if (!(path in locations)) return response.end('found')
      const location = locations[path]
      return response.writeHead(302, location === undefined ? {} : { location }).end()
    })
  }
  const follow = async (url: string) => {
    let told = 0
    const response = await send(url, {}, {}, { onRedirect: () => told++ })
    return [await response.text(), told]
  }

  it('is followed at the same origin, and told of', async () => {
    expect(await follow(await redirecting({ '/': '/there' }))).toEqual(['found', 1])
    expect(asked).toEqual(['/', '/there'])
    expect(await follow(`${await redirecting({})}direct`)).toEqual(['found', 0])
  })

  it('is not followed twice', async () => {
    const error = await refusal(follow(await redirecting({ '/': '/a', '/a': '/b' })), 'response_refused')
    expect(error.message).toContain('responded with status 302')
    expect(asked).toEqual(['/', '/a'])
  })

  it.each(['https://evil.example/', '//evil.example/', 'javascript:alert(1)'])('is not followed to %s', async (to) => {
    const url = await redirecting({ '/': to })
    expect((await refusal(follow(url), 'response_refused')).message).toContain('responded with status 302')
    expect(asked).toEqual(['/'])
  })

  it('of a browser, which hides where it leads, is judged by where it ends', async () => {
    const ending = (url: string) => {
      const modes: unknown[] = []
      const fetch = async (_: string, { redirect }: RequestInit) => {
        modes.push(redirect)
        const response = redirect === 'follow' ? new Response('found') : Response.error()
        return Object.defineProperty(response, 'url', { value: redirect === 'follow' ? url : '' })
      }
      const told: number[] = []
      const response = send('https://as.example/a', {}, { fetch }, { onRedirect: () => told.push(1) })
      return { modes, told, response }
    }
    const honest = ending('https://as.example/b')
    expect((await honest.response).status).toBe(200)
    expect([honest.modes, honest.told]).toEqual([['manual', 'follow'], [1]])
    const evil = ending('https://evil.example/b')
    expect((await refusal(evil.response, 'response_refused')).message).toContain('redirects to another origin')
    expect(evil.told).toEqual([])
    // Where none is allowed, none is followed.
    const modes: unknown[] = []
    const fetch = async (_: string, { redirect }: RequestInit) => {
      modes.push(redirect)
      return Response.error()
    }
    expect((await refusal(send('https://as.example/a', {}, { fetch }), 'response_refused')).hint).toBe(
      'Use the final URL.',
    )
    expect(modes).toEqual(['manual'])
  })
})

it('a request tells nobody where it comes from, and sends no cookies', async () => {
  const inits: RequestInit[] = []
  const fetch = async (_: string, init: RequestInit) => {
    inits.push(init)
    return new Response()
  }
  await send('https://as.example/', { method: 'POST' }, { fetch })
  expect(inits).toMatchObject([
    { method: 'POST', credentials: 'omit', referrerPolicy: 'no-referrer', redirect: 'manual' },
  ])
})

it('an error shows the beginning of a long URL, whatever was thrown', async () => {
  const fetch = () => Promise.reject(undefined)
  const error = await refusal(send(`https://as.example/${'a'.repeat(500)}`, {}, { fetch }), 'network_error')
  expect(error.message).toMatch(/^https:\/\/as\.example\/a{181} did not respond\.$/)
  expect(error.cause).toBeUndefined()
})

describe('a document', () => {
  const read = (type: string | undefined, body = '{"a":1}', status = 200) =>
    jsonDocument(
      new Response(new TextEncoder().encode(body), { status, headers: type ? { 'content-type': type } : {} }),
    )

  it.each(['application/json', 'APPLICATION/JSON', 'application/json;charset=utf-8', 'application/json ; a=b'])(
    'is read of the type %s',
    async (type) => expect(await read(type)).toEqual({ a: 1 }),
  )

  it.each([
    'application/json5',
    'application/json-patch',
    'x-application/json',
    'text/html',
    'application/json x',
    undefined,
  ])('is not read of the type %s', async (type) => expect(await read(type)).toBeFalsy())

  it('is not read of an error, nor of what is no JSON', async () => {
    for (const status of [400, 404, 500]) expect(await read('application/json', '{"a":1}', status)).toBeFalsy()
    expect(await read('application/json', '{')).toBeFalsy()
  })
})
