import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FlowConfig } from '../../src/flow/flow-config.js'
import { keepMetadata } from '../../src/flow/kept-metadata.js'
import { allowInsecureLoopback, type ServerMetadata } from '../../src/protocol.js'

const issuer = 'https://as.example/tenant'
const document = (more: Record<string, unknown> = {}) =>
  ({
    issuer,
    authorization_endpoint: 'https://as.example/authorize',
    token_endpoint: 'https://as.example/token',
    ...more,
  }) as ServerMetadata
const fresh = new Headers({ 'cache-control': 'max-age=86400' })
const HOUR_MS = 3_600_000

let stored: Map<string, string>
const documents = {
  read: async (id: string) => stored.get(id),
  write: async (id: string, text: string | undefined) => {
    if (text === undefined) stored.delete(id)
    else stored.set(id, text)
  },
}
const pageOf = (config: Partial<FlowConfig> = {}, store: Parameters<typeof keepMetadata>[0] = documents) =>
  keepMetadata(store, { issuer, clientId: 'spa', redirectUri: 'https://app.example/callback', ...config })
const aged = vi.fn()
const read = (config?: Partial<FlowConfig>) => pageOf(config).read(aged)
const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)
/** Puts a record there, as any script of the origin can. */
const plant = (record: unknown) => stored.set(issuer, JSON.stringify(record))

beforeEach(() => {
  stored = new Map()
  aged.mockReset()
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('what is kept', () => {
  it('is there for another page, with its age, for an hour at most', async () => {
    pageOf().write(document(), fresh)
    pass(HOUR_MS - 1000)
    expect(await read()).toEqual(document())
    expect(aged.mock.calls).toEqual([[3599]])
    pass(1000)
    expect(await read()).toBeUndefined()
  })

  it.each([
    ['the response', new Headers({ 'cache-control': 'max-age=60' }), {}],
    ['the option metadataLifetimeSeconds', fresh, { metadataLifetimeSeconds: 60 }],
  ])('is there no longer than %s says', async (_, headers, config) => {
    pageOf(config).write(document(), headers)
    pass(59_000)
    expect(await read(config)).toEqual(document())
    pass(1000)
    expect(await read(config)).toBeUndefined()
  })

  it('is not used if it is from the future, because the clock was set back', async () => {
    pageOf().write(document(), fresh)
    pass(-1)
    expect(await read()).toBeUndefined()
    expect(aged).not.toHaveBeenCalled()
  })

  it('is another one for another issuer', async () => {
    pageOf().write(document(), fresh)
    const other = 'https://as.example'
    expect(await read({ issuer: other })).toBeUndefined()
    pageOf({ issuer: other }).write(document({ issuer: other }), fresh)
    expect(await read()).toEqual(document())
    expect(await read({ issuer: other })).toEqual(document({ issuer: other }))
  })

  it.each([
    [
      'a response that must not be stored',
      () => pageOf().write(document(), new Headers({ 'cache-control': 'no-store' })),
    ],
    ['a failed sign-in', () => pageOf().write()],
  ])('is dropped at %s', async (_, drop) => {
    pageOf().write(document(), fresh)
    expect(stored.size).toBe(1)
    drop()
    expect(stored.size).toBe(0)
  })
})

describe('what is read passes the checks of what a server sends', () => {
  const at = (server: unknown) => [server, Date.now(), 3600]

  it('and does, where it is honest', async () => {
    plant(at(document()))
    expect(await read()).toEqual(document())
  })

  it.each<[string, Record<string, unknown>]>([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['of the issuer, nearly', { issuer: `${issuer}/` }],
    ['without a token endpoint', { token_endpoint: undefined }],
    ['without S256', { code_challenge_methods_supported: ['plain'] }],
    ['with http', { token_endpoint: 'http://as.example/token' }],
    ['with a token endpoint elsewhere', { token_endpoint: 'https://evil.example/token' }],
    ['with an authorization endpoint elsewhere', { authorization_endpoint: 'https://as.example.evil.example/' }],
    ['with a user name', { token_endpoint: 'https://as.example@evil.example/' }],
    ['with a UserInfo endpoint elsewhere', { userinfo_endpoint: 'https://evil.example/me' }],
    ['with endpoints that are lists', { token_endpoint: ['https://evil.example/'] }],
    ['with keys elsewhere', { jwks_uri: 'https://evil.example/keys' }],
    [
      'with a token endpoint elsewhere for mutual TLS',
      { mtls_endpoint_aliases: { token_endpoint: 'https://evil.example/token' } },
    ],
  ])('metadata %s is refused', async (_, more) => {
    plant(at(document(more)))
    expect(await read()).toBeUndefined()
    expect(aged).not.toHaveBeenCalled()
  })

  it('and endpoints for mutual TLS at the same origin are kept', async () => {
    const server = document({ mtls_endpoint_aliases: { token_endpoint: 'https://as.example/mtls/token' } })
    pageOf().write(server, fresh)
    expect(await read()).toEqual(server)
  })

  it('the insecure switch is that of the reader', async () => {
    const local = 'http://localhost:3000'
    const server = { issuer: local, authorization_endpoint: `${local}/a`, token_endpoint: `${local}/t` }
    pageOf({ issuer: local, insecure: allowInsecureLoopback }).write(server, fresh)
    expect(await read({ issuer: local, insecure: allowInsecureLoopback })).toEqual(server)
    expect(await read({ issuer: local })).toBeUndefined()
  })

  it('a planted record lives no longer than an hour', async () => {
    plant([document(), Date.now() - HOUR_MS, 1e12])
    expect(await read()).toBeUndefined()
  })

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a number', '1'],
    ['an empty list', '[]'],
    ['no metadata', `[null,${Date.now()},3600]`],
    ['times that are texts', '[{},"x","y"]'],
    ['no text', { length: 1 } as never],
  ])('a record is dropped that is %s', async (_, text) => {
    stored.set(issuer, text)
    expect(await read()).toBeUndefined()
  })
})

it('metadata with endpoints at another origin is not kept', () => {
  pageOf().write(document({ userinfo_endpoint: 'https://graph.example/me' }), fresh)
  expect(stored.size).toBe(0)
  pageOf().write(document({ service_documentation: 'https://docs.example/' }), fresh)
  expect(stored.size).toBe(1)
})

describe('storage that fails', () => {
  it('costs nothing but the request', async () => {
    const broken = { read: vi.fn().mockRejectedValue(new Error()), write: vi.fn().mockRejectedValue(new Error()) }
    pageOf({}, broken).write(document(), fresh)
    expect(await pageOf({}, broken).read(aged)).toBeUndefined()
    expect([broken.read.mock.calls.length, broken.write.mock.calls.length]).toEqual([1, 1])
  })

  it.each<[string, Partial<typeof documents>, string]>([
    [
      'storage that throws at once',
      {
        write: () => {
          throw new Error('no storage')
        },
      },
      '{}',
    ],
    ['a document that is nested too deep', {}, `${'['.repeat(1e5)}${']'.repeat(1e5)}`],
  ])('fails no load of metadata: %s', async (_, broken, more) => {
    const kept = pageOf({}, { ...documents, ...broken })
    expect(() => kept.write(document({ more: JSON.parse(more) }), fresh)).not.toThrow()
    expect(stored.size).toBe(0)
  })

  it('that does not answer is not waited for', async () => {
    const reading = pageOf({}, { ...documents, read: () => new Promise(() => {}) }).read(aged)
    let isDone = false
    reading.then(() => {
      isDone = true
    })
    await vi.advanceTimersByTimeAsync(239)
    expect(isDone).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await setImmediate()
    expect(isDone).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})
