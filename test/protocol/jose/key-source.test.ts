import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeySource, loadKeys, type PublicJwk } from '../../../src/protocol.js'
import { createLogoutServer } from '../../helpers/logout-server.js'
import { refusal } from '../../helpers/refusal.js'

const key = (kid: string): PublicJwk => ({ kty: 'EC', crv: 'P-256', kid, x: 'x', y: 'y' })
const header = (kid?: string) => ({ alg: 'ES256', kid })

let published: PublicJwk[]
const load = vi.fn(async () => published)

beforeEach(() => {
  published = [key('a')]
  load.mockReset().mockImplementation(async () => published)
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)

describe('a key source', () => {
  it('loads once for any number of callers, and again after 5 minutes', async () => {
    const keys = createKeySource(load)
    expect(load).not.toHaveBeenCalled()
    const found = await Promise.all([keys(header('a')), keys(header('a')), keys(header())])
    expect(found).toEqual([key('a'), key('a'), key('a')])
    pass(299)
    await keys(header('a'))
    expect(load).toHaveBeenCalledTimes(1)
    pass(1)
    await keys(header('a'))
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('follows a rotation, and drops a key that was withdrawn', async () => {
    const keys = createKeySource(load)
    await keys(header('a'))
    published = [key('b')]
    pass(60)
    expect(await keys(header('b'))).toEqual(key('b'))
    expect(await keys(header('a'))).toBeUndefined()
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('asks at most once a minute for keys that nobody has', async () => {
    const keys = createKeySource(load)
    for (let second = 0; second < 180; second++) {
      expect(await keys(header(`made up ${second}`))).toBeUndefined()
      pass(1)
    }
    expect(load).toHaveBeenCalledTimes(3)
    expect(await keys(header('a'))).toEqual(key('a'))
  })

  it('asks once for a hundred unknown ones at the same time', async () => {
    const keys = createKeySource(load)
    await keys(header('a'))
    pass(60)
    await Promise.all(Array.from({ length: 100 }, (_, index) => keys(header(`made up ${index}`))))
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('finds none where two fit', async () => {
    published = [key('a'), { ...key('a'), x: 'other' }]
    expect(await createKeySource(load)(header('a'))).toBeUndefined()
    published = [key('a'), key('b')]
    expect(await createKeySource(load)(header())).toBeUndefined()
  })

  it('does not hold a failure', async () => {
    const keys = createKeySource(load)
    load.mockRejectedValueOnce(new Error('away'))
    const [first, second] = await Promise.allSettled([keys(header('a')), keys(header('a'))])
    expect([first.status, second.status]).toEqual(['rejected', 'rejected'])
    expect(load).toHaveBeenCalledTimes(1)
    expect(await keys(header('a'))).toEqual(key('a'))
  })

  it('goes on with the keys it holds while made-up ones cannot be looked up', async () => {
    const keys = createKeySource(load)
    await keys(header('a'))
    pass(60)
    load.mockRejectedValueOnce(new Error('away'))
    await expect(keys(header('made up'))).rejects.toThrow('away')
    expect(await keys(header('a'))).toEqual(key('a'))
    pass(60)
    load.mockReturnValueOnce(new Promise(() => {}))
    keys(header('made up')).catch(() => {})
    expect(await keys(header('a'))).toEqual(key('a'))
    expect(load).toHaveBeenCalledTimes(3)
  })
})

describe('loadKeys', () => {
  it('fetches the JWK Set', async () => {
    const server = createLogoutServer()
    expect(await loadKeys(server.metadata, server)).toEqual(server.keys)
    expect(server.requests).toEqual([server.metadata.jwks_uri])
  })

  it.each<[string, () => Response]>([
    ['another status', () => Response.json({ keys: [] }, { status: 500 })],
    ['no JSON', () => new Response('<html>')],
    ['null', () => Response.json(null)],
    ['no keys', () => Response.json({})],
    ['keys that are no list', () => Response.json({ keys: {} })],
    ['too much', () => Response.json({ keys: [], padding: 'x'.repeat(300_000) })],
    ['a redirect', () => Response.redirect('https://evil.example/jwks')],
  ])('refuses %s', async (_, answer) => {
    const server = createLogoutServer()
    server.answer = answer
    await refusal(loadKeys(server.metadata, server), 'response_refused')
  })

  it('asks nobody without an https URL', async () => {
    for (const jwks_uri of [undefined, 'http://as.example/jwks', 'jwks']) {
      const server = createLogoutServer({ jwks_uri } as object)
      await refusal(loadKeys(server.metadata, server), 'endpoint_refused')
      expect(server.requests).toEqual([])
    }
  })
})
