import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryReplayCache, type ReplayCache, redisReplayCache } from '../../src/server.js'
import { startRedis } from '../helpers/redis.js'
import { refusal } from '../helpers/refusal.js'
import { until } from '../helpers/until.js'

let redis: Awaited<ReturnType<typeof startRedis>>
let ioredis: Redis
let nodeRedis: ReturnType<typeof createClient>

beforeAll(async () => {
  redis = await startRedis()
  ioredis = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: 0 })
  nodeRedis = createClient({ url: redis.url })
  nodeRedis.on('error', () => {})
  await nodeRedis.connect()
})
afterAll(async () => {
  ioredis.disconnect()
  nodeRedis.destroy()
  await redis.stop()
})
beforeEach(() => ioredis.flushall())
afterEach(() => void vi.useRealTimers())

const LEASE_MS = 60_000
const soon = () => Date.now() + 60_000
/** An attempt at an id; each call is another attempt. */
let attempts = 0
const attempt = (id: string) => ({ id, token: `attempt-${++attempts}` })

const caches: Record<string, () => readonly [ReplayCache, ReplayCache]> = {
  'in memory': () => {
    const cache = memoryReplayCache()
    return [cache, cache]
  },
  'in Redis, from two servers': () => [redisReplayCache({ client: ioredis }), redisReplayCache({ client: nodeRedis })],
}

describe.each(Object.entries(caches))('a replay cache %s', (_, open) => {
  it('lets the first attempt claim an id, and the same attempt again', async () => {
    const [one, two] = open()
    const first = attempt('a')
    expect(await one.claim(first, LEASE_MS)).toBe('claimed')
    expect(await one.claim(attempt('a'), LEASE_MS)).toBe('in_progress')
    expect(await two.claim(attempt('a'), LEASE_MS)).toBe('in_progress')
    expect(await two.claim(first, LEASE_MS)).toBe('claimed')
    expect(await two.claim(attempt('b'), LEASE_MS)).toBe('claimed')
  })

  it('lets exactly one of many at the same time', async () => {
    const [one, two] = open()
    const claims = Array.from({ length: 40 }, (_, index) => (index % 2 ? one : two).claim(attempt('a'), LEASE_MS))
    const outcomes = await Promise.all(claims)
    expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'in_progress')).toHaveLength(39)
  })

  it('lets another attempt take over once the lease is over', async () => {
    const [one, two] = open()
    const dead = attempt('a')
    expect(await one.claim(dead, 50)).toBe('claimed')
    await until(async () => (await two.claim(attempt('a'), LEASE_MS)) === 'claimed')
    expect(await one.claim(attempt('a'), LEASE_MS)).toBe('in_progress')
    // What the dead one does late ends nobody else's claim.
    await one.release(dead)
    expect(await one.claim(attempt('a'), LEASE_MS)).toBe('in_progress')
  })

  it('takes none once the id is committed, until its time is over', async () => {
    const [one, two] = open()
    const first = attempt('a')
    await one.claim(first, LEASE_MS)
    await one.commit(first, Date.now() + 200)
    await until(async () => {
      const outcome = await two.claim(attempt('a'), LEASE_MS)
      if (outcome !== 'claimed') expect(outcome).toBe('used')
      return outcome === 'claimed'
    })
  })

  it('does not forget a commit for a release, not even of the same attempt', async () => {
    const [one, two] = open()
    const first = attempt('a')
    await one.claim(first, LEASE_MS)
    await one.commit(first, soon())
    await one.release(first)
    expect(await two.claim(attempt('a'), LEASE_MS)).toBe('used')
    expect(await two.claim(first, LEASE_MS)).toBe('used')
  })

  it('counts a commit that comes after its lease, when another attempt has the claim', async () => {
    const [one, two] = open()
    const slow = attempt('a')
    await one.claim(slow, 1)
    const next = attempt('a')
    await until(async () => (await two.claim(next, LEASE_MS)) === 'claimed')
    await one.commit(slow, soon())
    await two.release(next)
    expect(await two.claim(attempt('a'), LEASE_MS)).toBe('used')
  })

  it('forgets a claim when its own attempt releases it, and no other', async () => {
    const [one, two] = open()
    const first = attempt('a')
    await one.claim(first, LEASE_MS)
    await two.release(attempt('a'))
    expect(await one.claim(attempt('a'), LEASE_MS)).toBe('in_progress')
    await two.release(first)
    expect(await one.claim(attempt('a'), LEASE_MS)).toBe('claimed')
    await one.release(attempt('never claimed'))
  })
})

describe('memoryReplayCache', () => {
  it('is bounded: the oldest give way', async () => {
    const cache = memoryReplayCache({ maxEntries: 3 })
    for (const id of ['a', 'b', 'c', 'd']) expect(await cache.claim(attempt(id), LEASE_MS)).toBe('claimed')
    for (const id of ['d', 'c', 'b']) expect(await cache.claim(attempt(id), LEASE_MS)).toBe('in_progress')
    expect(await cache.claim(attempt('a'), LEASE_MS)).toBe('claimed')
  })

  it('may be of size one', async () => {
    const cache = memoryReplayCache({ maxEntries: 1 })
    const first = attempt('a')
    expect(await cache.claim(first, LEASE_MS)).toBe('claimed')
    await cache.commit(first, soon())
    expect(await cache.claim(attempt('a'), LEASE_MS)).toBe('used')
  })

  it('lets another attempt in when the lease is over, and not a millisecond before', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const cache = memoryReplayCache()
    await cache.claim(attempt('a'), LEASE_MS)
    vi.advanceTimersByTime(LEASE_MS - 1)
    expect(await cache.claim(attempt('a'), LEASE_MS)).toBe('in_progress')
    vi.advanceTimersByTime(1)
    expect(await cache.claim(attempt('a'), LEASE_MS)).toBe('claimed')
    vi.useRealTimers()
  })

  it.each([Number.NaN, 0, -1])('is of no size that remembers nothing: %d', async (maxEntries) => {
    await refusal(() => memoryReplayCache({ maxEntries }), 'config_invalid')
  })

  it('lets nobody in again for asking often', async () => {
    const cache = memoryReplayCache({ maxEntries: 3 })
    for (const id of ['a', 'b', 'c']) {
      const first = attempt(id)
      await cache.claim(first, LEASE_MS)
      await cache.commit(first, soon())
    }
    for (let time = 0; time < 10; time++) expect(await cache.claim(attempt('a'), LEASE_MS)).toBe('used')
    expect(await cache.claim(attempt('b'), LEASE_MS)).toBe('used')
  })

  it('does not grow with what is over', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const before = process.memoryUsage().heapUsed
      const cache = memoryReplayCache({ maxEntries: 1e9 })
      for (let time = 0; time < 200_000; time++) {
        await cache.claim(attempt(`id ${time} ${'x'.repeat(200)}`), LEASE_MS)
        if (time % 100 === 0) vi.setSystemTime(Date.now() + 10_000)
      }
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('redisReplayCache', () => {
  it('leaves one short key, and it expires: a claim with its lease, a commit with the time given', async () => {
    const cache = redisReplayCache({ client: ioredis, prefix: 'app:' })
    const first = attempt('a')
    await cache.claim(first, LEASE_MS)
    expect(await ioredis.keys('*')).toEqual(['app:a'])
    expect(await ioredis.pttl('app:a')).toBeGreaterThan(LEASE_MS / 2)
    expect(await ioredis.pttl('app:a')).toBeLessThanOrEqual(LEASE_MS)
    await cache.commit(first, Date.now() + 600_000)
    expect(await ioredis.keys('*')).toEqual(['app:a'])
    expect(await ioredis.pttl('app:a')).toBeGreaterThan(300_000)
    expect(await ioredis.pttl('app:a')).toBeLessThanOrEqual(600_000)
  })

  it('claims an id whose entry expires while it is asked who has it', async () => {
    await redisReplayCache({ client: ioredis }).claim(attempt('a'), LEASE_MS)
    const client = {
      async call(command: string, ...args: string[]) {
        if (command === 'GET') await ioredis.del('proofkey:used:a')
        return ioredis.call(command, ...args)
      },
    }
    expect(await redisReplayCache({ client }).claim(attempt('a'), LEASE_MS)).toBe('claimed')
  })

  it('gives up an id whose entry is gone each time it is asked for', async () => {
    const commands: string[] = []
    const client = {
      async call(command: string) {
        commands.push(command)
        return null
      },
    }
    expect(await redisReplayCache({ client }).claim(attempt('a'), LEASE_MS)).toBe('in_progress')
    expect(commands).toEqual(Array.from({ length: 5 }, () => ['SET', 'GET']).flat())
  })

  it('names the key to a cluster, which selects the node by it', async () => {
    const named: unknown[] = []
    const client = {
      masters: [],
      async sendCommand(key: string | undefined) {
        named.push(key)
        return 'OK'
      },
    }
    const cache = redisReplayCache({ client, prefix: 'app:' })
    await cache.claim(attempt('a'), LEASE_MS)
    await cache.commit(attempt('a'), soon())
    await cache.release(attempt('a'))
    expect(named).toEqual(['app:a', 'app:a', 'app:a'])
  })

  it('commits until a time that is over, or is no whole millisecond', async () => {
    const cache = redisReplayCache({ client: ioredis })
    const first = attempt('a')
    await cache.commit(first, Date.now() - 1000)
    await until(async () => (await cache.claim(first, LEASE_MS)) === 'claimed')
    await cache.commit(first, soon() + 0.5)
    expect(await cache.claim(first, LEASE_MS)).toBe('used')
  })

  it('wants a client', () => refusal(() => redisReplayCache({ client: {} as never }), 'config_invalid'))

  it('says so where Redis is away', async () => {
    const gone = new Redis(1, '127.0.0.1', { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
    gone.on('error', () => {})
    await refusal(redisReplayCache({ client: gone }).claim(attempt('a'), LEASE_MS), 'storage_unavailable')
  })
})
