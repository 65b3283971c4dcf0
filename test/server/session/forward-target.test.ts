import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forwardRoute } from '../../../src/server/session/forward-target.js'
import { createForwardApp, headOf } from '../../helpers/forward-app.js'

type App = Awaited<ReturnType<typeof createForwardApp>>

let app: App
beforeAll(async () => {
  app = await createForwardApp()
})
afterAll(() => app.close())

/** Sends a request target as it is, as a program would: `fetch` would parse it first. */
async function sendRaw(target: string): Promise<{ status: number; seen: string | undefined }> {
  const before = app.seen.length
  const socket = await app.connect(headOf(`GET ${target}`, 'Connection: close'))
  const answer = await text(socket)
  return { status: Number(answer.split(' ')[1]), seen: app.seen[before]?.url }
}

describe('a path', () => {
  it.each([
    ['/api/orders', '/v1/orders'],
    ['/api/orders/7/', '/v1/orders/7/'],
    ['/api/', '/v1/'],
    ['/api/a?b=c&d=%2f..%2f', '/v1/a?b=c&d=%2f..%2f'],
    ['/api/a?', '/v1/a'],
    ['/api/a?b=?c', '/v1/a?b=?c'],
    ['/api/a?b=https://evil.example/@x', '/v1/a?b=https://evil.example/@x'],
    ['/api/a#b', '/v1/a'],
    // Characters of a path (RFC 3986 §3.3): they change no authority here.
    ['/api/users/@me', '/v1/users/@me'],
    ['/api/@evil.example', '/v1/@evil.example'],
    ['/api/evil.example:80', '/v1/evil.example:80'],
    ['/api/a;v=1/b', '/v1/a;v=1/b'],
    ['/api/a.b..c/...d', '/v1/a.b..c/...d'],
    ['/api/100%25', '/v1/100%25'],
    ['/api/%23room:a.example', '/v1/%23room:a.example'],
    ['/api/why%3f', '/v1/why%3f'],
    ['/api/b%C3%BCcher', '/v1/b%C3%BCcher'],
    ['/api/a/../b', '/v1/b'],
    ['/api/a\\b', '/v1/a/b'],
  ])('%s is forwarded to %s', async (sent, expected) => {
    expect(await sendRaw(sent)).toEqual({ status: 200, seen: expected })
  })

  it.each([
    // Another path of the app.
    ['/'],
    ['/api'],
    ['/apis/x'],
    ['/API/x'],
    ['/%61pi/x'],
    // Out of it, as URL reads it.
    ['/api/../admin'],
    ['/api/x/../../admin'],
    ['/api/%2e%2e/admin'],
    ['/api/.%2E/admin'],
    ['/api/..\\admin'],
    ['/api\\..\\admin'],
    ['//evil.example/api/x'],
    ['/\\evil.example/api/x'],
    // Out of it, as another server may read it.
    ['/api//admin'],
    ['/api///evil.example'],
    ['/api/a//b'],
    ['/api/\\evil.example'],
    ['/api/..%2fadmin'],
    ['/api/a%2F..%2F..%2Fadmin'],
    ['/api/a%5c..%5cadmin'],
    ['/api/%252e%252e/admin'],
    ['/api/%25252e%25252e/admin'],
    ['/api/a%252fb'],
    ['/api/..;/admin'],
    ['/api/..;x=y/admin'],
    ['/api/.;/admin'],
    ['/api/;/admin'],
    ['/api/..%3b/admin'],
    ['/api/...'],
    ['/api/..%20/admin'],
    ['/api/..%e2%80%8b/admin'],
    // The end of a path, where a proxy decodes what it passes on.
    ['/api/..%3f'],
    ['/api/..%23x'],
    ['/api/.%253fx'],
    // As IIS encodes (HTTP.sys, PercentUAllowed).
    ['/api/%u002e%u002e/admin'],
    ['/api/a%u002f..%u002fadmin'],
    ['/api/%25u002e./admin'],
    // Unicode: fullwidth and leader dots, fullwidth slashes.
    ['/api/%ef%bc%8e%ef%bc%8e/admin'],
    ['/api/%e2%80%a4%e2%80%a4/admin'],
    ['/api/%e2%80%a5/admin'],
    ['/api/a%ef%bc%8f..%ef%bc%8fadmin'],
    ['/api/a%ef%bc%bcb'],
    ['/api/%ef%bc%852e%ef%bc%852e/admin'],
    // Overlong UTF-8 and what is no encoding.
    ['/api/%c0%ae%c0%ae/admin'],
    ['/api/a%c0%afb'],
    ['/api/%ff'],
    ['/api/%zz%2fx'],
    // Control characters: a second request, or the end of a name.
    ['/api/a%0d%0aHost:%20evil.example'],
    ['/api/a%00.png'],
    ['/api/a%7f'],
  ])('%s is not forwarded', async (sent) => {
    expect(await sendRaw(sent)).toEqual({ status: 404, seen: undefined })
  })

  it.each([
    ['http://evil.example/api/x', '/v1/x'],
    ['http://user:password@evil.example:81/api/x', '/v1/x'],
    ['HTTPS://evil.example/api/x?y', '/v1/x?y'],
  ])('of the absolute URL %s never changes the target', async (sent, expected) => {
    expect(await sendRaw(sent)).toEqual({ status: 200, seen: expected })
  })

  it('would leave the target if it were only appended: what the defence is for', async () => {
    // An API that decodes once more and then resolves dots, behind a proxy that appends.
    const reached: string[] = []
    const lenient = createServer(({ url = '' }, response) => {
      reached.push(new URL(decodeURIComponent(url), 'http://a.example').pathname)
      response.end()
    })
    lenient.listen(0, '127.0.0.1')
    await once(lenient, 'listening')
    const api = `http://127.0.0.1:${(lenient.address() as AddressInfo).port}`
    await fetch(`${api}/v1/${'..%2fadmin'}`)
    expect(reached).toEqual(['/admin'])
    const route = forwardRoute({ to: `${api}/v1`, path: '/api/*' }, { [api]: {} })
    expect(route.urlFor(new URL('http://app.example/api/..%2fadmin'))).toBeUndefined()
    lenient.close()
  })
})

describe('a target', () => {
  const apis = { 'https://api.example': {} }
  const at = (to: string, path: string, requested: string) =>
    forwardRoute({ to, path }, apis).urlFor(new URL(requested, 'https://app.example'))?.href

  it('is one path, or all below one', () => {
    expect(at('https://api.example/v1/', '/api/*', '/api/x')).toBe('https://api.example/v1/x')
    expect(at('https://api.example', '/api/*', '/api/x')).toBe('https://api.example/x')
    expect(at('https://api.example', '/*', '/x/y')).toBe('https://api.example/x/y')
    expect(at('https://api.example/v1/orders', '/orders', '/orders?a')).toBe('https://api.example/v1/orders?a')
    expect(at('https://api.example/v1/orders', '/orders', '/orders/7')).toBeUndefined()
  })

  it.each([
    ['http://api.example'],
    ['https://api.example:444'],
    ['https://user@api.example'],
    ['https://api.example@evil.example'],
    ['https://api.example.evil.example'],
    ['https://api.example\\@evil.example'],
    ['https://evil.example/https://api.example'],
    ['https://api.example/?a'],
    ['https://api.example/#a'],
    ['https://api.example//v1'],
    ['https://api.example/v1/../..'],
    ['//api.example'],
    ['/v1'],
    ['__proto__'],
    [''],
  ])('of %j is a mistake of the configuration', (to) => {
    expect(() => forwardRoute({ to, path: '/api/*' }, apis)).toThrow(/to \(string\)/)
  })

  it.each([
    ['api/*'],
    ['/api*'],
    ['/api/*/x'],
    ['/api/../*'],
    ['/api//*'],
    ['/a?b'],
    ['/a%20b'],
    ['/a b'],
    ['*'],
    [''],
  ])('for the path %j is a mistake of the configuration', (path) => {
    expect(() => forwardRoute({ to: 'https://api.example', path }, apis)).toThrow(/path \(string\)/)
  })
})

describe('a redirect of the API', () => {
  const pathFor = (location: string, path = '/api/*') =>
    forwardRoute({ to: 'https://api.example/v1', path }, { 'https://api.example': {} }).pathFor(
      location,
      new URL('https://api.example/v1/orders/7'),
    )

  it.each([
    ['8', '/api/orders/8'],
    ['../users?a=b#c', '/api/users?a=b#c'],
    ['/v1/', '/api/'],
    ['https://api.example/v1/x', '/api/x'],
    ['//api.example/v1/x', '/api/x'],
  ])('to %s becomes %s', (location, expected) => {
    expect(pathFor(location)).toBe(expected)
  })

  it.each([
    ['https://evil.example/v1/x'],
    ['//evil.example/v1/x'],
    ['http://api.example/v1/x'],
    ['https://api.example:444/v1/x'],
    ['https://api.example@evil.example/v1/x'],
    ['https://user:pass@api.example/v1/x'],
    ['/v2/x'],
    ['/v1'],
    ['/v1//evil.example'],
    ['/v1/..%2fx'],
    ['javascript:alert(1)'],
    ['https://'],
  ])('to %s leads nowhere', (location) => {
    expect(pathFor(location)).toBeUndefined()
  })

  it('never becomes a URL of another origin', () => {
    const route = forwardRoute({ to: 'https://api.example', path: '/*' }, { 'https://api.example': {} })
    const base = new URL('https://api.example/')
    expect(route.pathFor('/ok', base)).toBe('/ok')
    for (const location of [
      'https://api.example//evil.example',
      '/.//evil.example',
      '/\\evil.example',
      '/%09/evil.example',
    ])
      expect(route.pathFor(location, base)).toBeUndefined()
  })
})
