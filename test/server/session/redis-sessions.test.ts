import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeyring } from '../../../src/crypto/keyring.js'
import { type RedisClient, redisSessions, type SealingKey } from '../../../src/server.js'
import { describeServerSessionStore, LIFETIME, sessionText } from '../../contracts/server-session-store.js'
import { freePort, holdPort, startRedis } from '../../helpers/redis.js'
import { refusal } from '../../helpers/refusal.js'
import { createGate } from '../../helpers/session-app.js'
import { ADA, BOB } from '../../helpers/tickets.js'
import { tracesOf } from '../../helpers/traces.js'

const newKey = (id: string): SealingKey => ({ id, secret: randomBytes(32).toString('base64') })
const keys = [newKey('k1')]

let redis: Awaited<ReturnType<typeof startRedis>>
let operator: Redis
const closing: (() => void)[] = []

function ioredis(port = redis.port): Redis {
  const client = new Redis(port, '127.0.0.1', {
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
  })
  client.on('error', () => {})
  closing.push(() => client.disconnect())
  return client
}
async function connected(port?: number): Promise<Redis> {
  const client = ioredis(port)
  await client.connect()
  return client
}

const clients: Record<string, RedisClient> = {}
beforeAll(async () => {
  redis = await startRedis()
  operator = await connected()
  const node = createClient({ url: redis.url })
  node.on('error', () => {})
  await node.connect()
  closing.push(() => node.destroy())
  clients['redis'] = node
  clients['ioredis'] = await connected()
})
afterAll(async () => {
  for (const close of closing) close()
  await redis.stop()
})
beforeEach(async () => {
  await operator.flushall()
})

describe.each(['redis', 'ioredis'])('with %s', (library) => {
  const create = () => redisSessions({ client: clients[library]!, keys })
  describeServerSessionStore('redis', create, { central: true, another: create })
})

/** Everything that Redis has, as somebody with a dump of it reads it. */
async function dump(from = operator): Promise<string[]> {
  const texts: string[] = []
  for (const key of await from.keys('*')) {
    const type = await from.type(key)
    texts.push(key)
    if (type === 'hash') texts.push(...Object.entries(await from.hgetall(key)).flat())
    else if (type === 'zset') texts.push(...(await from.zrange(key, 0, '-1')))
    else texts.push((await from.get(key)) ?? '')
  }
  return texts
}

describe('what Redis has', () => {
  it('shows no token, user, session id or secret', async () => {
    const record = await redisSessions({ client: operator, keys }).create(LIFETIME)
    const claims = { sub: 'ada@people.example', sid: 'sid-of-the-server-1' }
    await record.replace(ADA, 0, sessionText(1, claims, 'access-8c5d1f0a-6f0e'))
    const texts = await dump()
    // One record, and an index each for sub and sid.
    expect(await operator.keys('*')).toHaveLength(3)
    for (const secret of ['access-8c5d1f0a-6f0e', claims.sub, claims.sid, await record.cookie()])
      expect(tracesOf(secret, texts)).toEqual([])
  })

  it('opens with the application’s key and the cookie together only', async () => {
    const record = await redisSessions({ client: operator, keys }).create(LIFETIME)
    await record.replace(ADA, 0, sessionText(1))
    const cookie = await record.cookie()
    const [key = ''] = (await operator.keys('*')).filter((one) => !/:(sub|sid):/.test(one))
    const id = key.slice('proofkey:session:'.length)
    const sealed = (await operator.hget(key, `t${ADA}`)) ?? ''
    const open = (by: SealingKey[], ticket: string) => createKeyring(by).open(`${id} ${ADA}`, ticket, sealed)
    expect(await open(keys, cookie)).toContain('access-1')
    expect(await open(keys, '')).toBeUndefined()
    expect(await open(keys, id)).toBeUndefined()
    expect(await open([newKey('k1')], cookie)).toBeUndefined()
    // By whoever has the cookie and the server's store, but another key.
    const stranger = await redisSessions({ client: operator, keys: [newKey('k1')] }).open(cookie, LIFETIME)
    expect((await stranger!.read(ADA)).text).toBeUndefined()
  })

  it('cannot be moved to the record of another browser', async () => {
    const store = redisSessions({ client: operator, keys })
    const [victim, thief] = [await store.create(LIFETIME), await store.create(LIFETIME)]
    await victim.replace(ADA, 0, sessionText(1))
    const [key = ''] = (await operator.keys('*')).filter((one) => !/:(sub|sid):/.test(one))
    await operator.copy(key, `proofkey:session:${thief.id}`)
    expect(await thief.read(ADA)).toEqual({ epoch: 1, text: undefined })
    expect((await victim.read(BOB)).text).toBeUndefined()
  })

  it('expires: idle, absolute, tombstones and indexes', async () => {
    const store = redisSessions({ client: operator, keys })
    const record = await store.create(LIFETIME)
    await record.replace(ADA, 0, sessionText(1))
    const keysNow = await operator.keys('*')
    const main = `proofkey:session:${record.id}`
    expect(await operator.pttl(main)).toBeGreaterThan(LIFETIME.idleMs)
    expect(await operator.pttl(main)).toBeLessThanOrEqual(LIFETIME.idleMs * 1.2 + 60_000)
    for (const key of keysNow) {
      expect(await operator.pttl(key)).toBeGreaterThan(0)
      expect(await operator.pttl(key)).toBeLessThanOrEqual(LIFETIME.absoluteMs)
    }
    const long = await store.create({ ...LIFETIME, idleMs: Number.POSITIVE_INFINITY })
    await long.replace(ADA, 0, sessionText(1))
    expect(await operator.pttl(`proofkey:session:${long.id}`)).toBeGreaterThan(LIFETIME.absoluteMs - 60_000)
    await long.replace(ADA, 1, { epoch: 2, text: '{"version":2,"status":"signed_out","signOutEpoch":2}' })
    expect(await operator.pttl(`proofkey:session:${long.id}`)).toBeLessThanOrEqual(600_000)
  })

  it('keeps no index of sessions that have expired', async () => {
    const store = redisSessions({ client: operator, keys })
    const short = await store.create({ ...LIFETIME, absoluteMs: 1 })
    await short.replace(ADA, 0, sessionText(1))
    const overAtMs = Date.now() + 1
    await vi.waitUntil(() => Date.now() > overAtMs)
    const record = await store.create(LIFETIME)
    await record.replace(ADA, 0, sessionText(1))
    const [index = ''] = (await operator.keys('*')).filter((one) => one.includes(':sub:'))
    expect(await operator.zrange(index, 0, '-1')).toEqual([`proofkey:session:${record.id}`])
  })
})

describe('the lease', () => {
  it('lets one of two servers work at a time', async () => {
    const [here, there] = [0, 1].map(() => redisSessions({ client: clients['ioredis']!, keys }))
    const record = await here!.create(LIFETIME)
    const same = (await there!.open(await record.cookie(), LIFETIME))!
    const { released, release } = createGate()
    const steps: string[] = []
    let began = () => {}
    const begun = new Promise<void>((resolve) => {
      began = resolve
    })
    const first = record.exclusive(ADA, async () => {
      began()
      await released
      steps.push('first')
    })
    await begun
    const second = same.exclusive(ADA, async () => steps.push('second'))
    // Asked for at least once meanwhile.
    await operator.ping()
    expect(steps).toEqual([])
    release()
    await Promise.all([first, second])
    expect(steps).toEqual(['first', 'second'])
    expect((await operator.keys('*')).filter((key) => key.endsWith(':lease'))).toEqual([])
  })

  it('is not released by who has lost it, whose write is refused', async () => {
    const store = redisSessions({ client: operator, keys })
    const record = await store.create(LIFETIME)
    await record.replace(ADA, 0, sessionText(1))
    const same = (await store.open(await record.cookie(), LIFETIME))!
    const lease = `proofkey:session:${record.id}:lease`
    await record.exclusive(ADA, async () => {
      // It has hung for so long that the lease has expired.
      await operator.del(lease)
      await same.exclusive(ADA, async () => {
        await same.replace(ADA, 1, sessionText(2, {}, 'of the second'))
        const held = await operator.get(lease)
        expect(await record.replace(ADA, 1, sessionText(2, {}, 'of the first'))).toBe(false)
        expect(await operator.get(lease)).toBe(held)
      })
      await operator.set(lease, 'of a third')
    })
    expect(await operator.get(lease)).toBe('of a third')
    expect((await record.read(ADA)).text).toContain('of the second')
  })

  it('is given back by work that fails', async () => {
    const record = await redisSessions({ client: operator, keys }).create(LIFETIME)
    await expect(record.exclusive(ADA, async () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(await operator.keys('*')).toEqual([])
  })
})

describe('without Redis', () => {
  let other: Awaited<ReturnType<typeof startRedis>> | undefined
  afterEach(() => other?.stop())

  it('says so, and after a restart without its data nobody is signed in', async () => {
    other = await startRedis(await freePort())
    const { port } = other
    const client = await connected(port)
    const record = await redisSessions({ client, keys }).create(LIFETIME)
    await record.replace(ADA, 0, sessionText(1))
    await other.stop()
    const leave = await holdPort(port)
    for (const work of [
      () => record.read(ADA),
      () => record.replace(ADA, 1, sessionText(2)),
      () => record.exclusive(ADA, async () => {}),
    ])
      expect(await refusal(work, 'storage_unavailable')).toMatchObject({ retryable: true })
    await leave()
    other = await startRedis(port)
    const again = await connected(port)
    const restored = (await redisSessions({ client: again, keys }).open(await record.cookie(), LIFETIME))!
    expect(await restored.read(ADA)).toEqual({ epoch: 0, text: undefined })
    // Work that began before the loss is not kept.
    expect(await restored.replace(ADA, 1, sessionText(2))).toBe(false)
  })

  it('a replica that is promoted has the sessions that it has received', async () => {
    const master = await startRedis()
    try {
      other = await startRedis(undefined, ['--replicaof', '127.0.0.1', `${master.port}`])
      const [first, replica] = [await connected(master.port), await connected(other.port)]
      const record = await redisSessions({ client: first, keys }).create(LIFETIME)
      await record.replace(ADA, 0, sessionText(1))
      expect(await first.call('WAIT', '1', '10000')).toBe(1)
      await master.stop()
      first.disconnect()
      // It is not the master yet: nothing can be written.
      const promoted = (await redisSessions({ client: replica, keys }).open(await record.cookie(), LIFETIME))!
      await refusal(promoted.replace(ADA, 1, sessionText(2)), 'storage_unavailable')
      await replica.call('REPLICAOF', 'NO', 'ONE')
      expect((await promoted.read(ADA)).epoch).toBe(1)
      expect(await promoted.replace(ADA, 1, sessionText(2))).toBe(true)
    } finally {
      await master.stop()
    }
  })
})

it('needs a client and keys', async () => {
  await refusal(() => redisSessions({ client: {} as RedisClient, keys }), 'config_invalid')
  await refusal(() => redisSessions({ client: operator, keys: [] }), 'config_invalid')
})

it('asks Redis each time, and decrypts only what has changed', async () => {
  const store = redisSessions({ client: clients['ioredis']!, keys })
  const here = await store.create(LIFETIME)
  await here.replace(ADA, 0, sessionText(1))
  const decrypt = vi.spyOn(crypto.subtle, 'decrypt')
  try {
    for (let times = 0; times < 3; times++) expect((await here.read(ADA)).epoch).toBe(1)
    expect(decrypt).toHaveBeenCalledTimes(1)
    const there = (await store.open(await here.cookie(), LIFETIME))!
    const next = sessionText(2)
    await there.replace(ADA, 1, next)
    expect(await here.read(ADA)).toEqual(next)
    expect(decrypt).toHaveBeenCalledTimes(2)
    await operator.flushall()
    expect((await here.read(ADA)).text).toBeUndefined()
  } finally {
    decrypt.mockRestore()
  }
})
