import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryReplayCache, type ReplayCache, redisReplayCache } from '../../src/server.js'
import { startRedis } from '../helpers/redis.js'
import { refusal } from '../helpers/refusal.js'

let redis: Awaited<ReturnType<typeof startRedis>>
let ioredis: Redis
let nodeRedis: ReturnType<typeof createClient>

beforeAll(async () => {
  redis = await startRedis()
  ioredis = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: 0 })
  nodeRedis = createClient({ url: redis.url })
  await nodeRedis.connect()
})
afterAll(async () => {
  ioredis.disconnect()
  nodeRedis.destroy()
  await redis.stop()
})
beforeEach(() => ioredis.flushall())

const soon = () => Date.now() + 60_000
const caches: Record<string, () => readonly [ReplayCache, ReplayCache]> = {
  'in memory': () => {
    const cache = memoryReplayCache()
    return [cache, cache]
  },
  'in Redis, from two servers': () => [redisReplayCache({ client: ioredis }), redisReplayCache({ client: nodeRedis })],
}

describe.each(Object.entries(caches))('a replay cache %s', (_, open) => {
  it('gives an id to the first who asks', async () => {
    const [one, two] = open()
    expect(await one.claim('a', soon())).toBe(true)
    expect(await one.claim('a', soon())).toBe(false)
    expect(await two.claim('a', soon())).toBe(false)
    expect(await two.claim('b', soon())).toBe(true)
  })

  it('to exactly one of many at the same time', async () => {
    const [one, two] = open()
    const claims = Array.from({ length: 40 }, (_, index) => (index % 2 ? one : two).claim('a', soon()))
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
  })

  it('forgets it in time', async () => {
    const [one, two] = open()
    expect(await one.claim('a', Date.now() + 600)).toBe(true)
    expect(await two.claim('a', soon())).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(await two.claim('a', soon())).toBe(true)
    expect(await one.claim('a', soon())).toBe(false)
  })

  it('forgets it when told to', async () => {
    const [one, two] = open()
    await one.claim('a', soon())
    await two.release('a')
    expect(await one.claim('a', soon())).toBe(true)
    await one.release('never claimed')
  })
})

describe('memoryReplayCache', () => {
  it('is bounded: the oldest give way', async () => {
    const cache = memoryReplayCache({ maxEntries: 3 })
    for (const id of ['a', 'b', 'c', 'd']) expect(await cache.claim(id, soon())).toBe(true)
    for (const id of ['d', 'c', 'b']) expect(await cache.claim(id, soon())).toBe(false)
    expect(await cache.claim('a', soon())).toBe(true)
  })

  it.each([Number.NaN, 0, -1])('is of no size that remembers nothing: %d', async (maxEntries) => {
    await refusal(() => memoryReplayCache({ maxEntries }), 'config_invalid')
  })

  it('lets nobody in again for asking often', async () => {
    const cache = memoryReplayCache({ maxEntries: 3 })
    for (const id of ['a', 'b', 'c']) await cache.claim(id, soon())
    for (let time = 0; time < 10; time++) expect(await cache.claim('a', soon())).toBe(false)
    expect(await cache.claim('b', soon())).toBe(false)
  })

  it('does not grow with what is over', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const before = process.memoryUsage().heapUsed
      const cache = memoryReplayCache({ maxEntries: 1e9 })
      for (let time = 0; time < 200_000; time++) {
        await cache.claim(`id ${time} ${'x'.repeat(200)}`, Date.now() + 60_000)
        if (time % 100 === 0) vi.setSystemTime(Date.now() + 10_000)
      }
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('redisReplayCache', () => {
  it('leaves one short key, and it expires', async () => {
    await redisReplayCache({ client: ioredis, prefix: 'app:' }).claim('a', soon())
    expect(await ioredis.keys('*')).toEqual(['app:a'])
    expect(await ioredis.pttl('app:a')).toBeGreaterThan(50_000)
    expect(await ioredis.pttl('app:a')).toBeLessThanOrEqual(60_000)
  })

  it('wants a client', () => refusal(() => redisReplayCache({ client: {} as never }), 'config_invalid'))

  it('says so where Redis is away', async () => {
    const gone = new Redis(1, '127.0.0.1', { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
    gone.on('error', () => {})
    await refusal(redisReplayCache({ client: gone }).claim('a', soon()), 'storage_unavailable')
  })
})
