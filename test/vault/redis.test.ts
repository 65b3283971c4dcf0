import { createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { createClient, createClientPool, RESP_TYPES } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SealingKey } from '../../src/crypto/keyring.js'
import { ticketId } from '../../src/crypto/ticket.js'
import { redisVault } from '../../src/vault/redis.js'
import type { RedisClient } from '../../src/vault/redis-client.js'
import type { Vault } from '../../src/vault/vault.js'
import { describeVault } from '../contracts/vault.js'
import { startRedis } from '../helpers/redis.js'
import { refusal } from '../helpers/refusal.js'
import { ADA, BOB, LIFETIME_MS, taken as takenWith, ticketFor } from '../helpers/tickets.js'
import { tracesOf } from '../helpers/traces.js'
import { whileFrozen } from '../helpers/while-frozen.js'

const newKey = (id: string): SealingKey => ({ id, secret: randomBytes(32).toString('base64') })
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const value = JSON.stringify({ codeVerifier: verifier })
const taken = takenWith(value)
const spent = { status: 'spent' }
const keys = [newKey('k1')]

interface Connection {
  readonly client: RedisClient
  close(): void
}

/** Both libraries, set to fail at once while there is no connection, and to come back soon. */
const LIBRARIES: Record<string, () => Promise<Connection>> = {
  async redis() {
    const client = createClient({ url: redis.url, disableOfflineQueue: true, socket: { reconnectStrategy: 20 } })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis() {
    const client = new Redis(redis.port, '127.0.0.1', {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 20,
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
}

let redis: Awaited<ReturnType<typeof startRedis>>
let operator: Redis
let ticket: string
let key: string
const connections: Connection[] = []

async function connect(library: string): Promise<RedisClient> {
  const connection = await LIBRARIES[library]!()
  connections.push(connection)
  return connection.client
}

/** All that Redis holds. */
async function dump(): Promise<Map<string, string>> {
  const names = await operator.keys('*')
  return new Map(await Promise.all(names.map(async (name) => [name, (await operator.get(name)) ?? ''] as const)))
}

/** A client for which Redis freezes as it sends a command of this kind, until that was given up. */
function freezing(client: RedisClient, isMeant: (command: string, args: string[]) => boolean) {
  let count = 0
  const send = ([command = '', ...args]: string[]): Promise<unknown> =>
    'call' in client ? client.call(command, ...args) : (client as NodeRedis).sendCommand([command, ...args])
  const sendCommand = async ([command = '', ...args]: string[]) => {
    if (count || !isMeant(command, args)) return send([command, ...args])
    count++
    // Rejects as a client with a time limit of its own does, with the command on its way.
    return whileFrozen(redis, () => {
      send([command, ...args]).catch(() => {})
      return Promise.reject(new Error('no answer in time'))
    })
  }
  return { client: { sendCommand }, sent: () => count }
}

type NodeRedis = Extract<RedisClient, { sendCommand(args: string[]): Promise<unknown> }>

async function whileStopped(work: () => Promise<void>): Promise<void> {
  await redis.stop()
  try {
    await work()
  } finally {
    redis = await startRedis(redis.port)
  }
}

/** A take that succeeds. */
async function take(vault: Vault) {
  const outcome = await vault.take(ticket, ADA)
  if (outcome.status !== 'taken') throw new Error(outcome.status)
  return outcome
}

const overwrite = (name: string, record: string) => operator.set(name, record, 'KEEPTTL')

beforeAll(async () => {
  redis = await startRedis()
  operator = new Redis(redis.port, '127.0.0.1')
  operator.on('error', () => {})
})
beforeEach(async () => {
  await operator.flushall()
  ticket = ticketFor(ADA)
  key = `proofkey:${await ticketId(ticket)}`
})
afterEach(() => {
  for (const { close } of connections.splice(0)) close()
})
afterAll(async () => {
  operator.disconnect()
  await redis.stop()
})

describe.each(Object.keys(LIBRARIES))('with the library %s', (library) => {
  let client: RedisClient
  let vault: Vault

  beforeEach(async () => {
    client = await connect(library)
    vault = redisVault({ client, keys })
  })

  describeVault('redis', () => vault, { stored: async () => [...(await dump())] })

  it('makes one key, which goes with the ticket', async () => {
    await vault.put(ticket, ADA, value)
    expect([...(await dump()).keys()]).toEqual([key])
    const left = await operator.pttl(key)
    expect(left).toBeLessThanOrEqual(LIFETIME_MS)
    expect(left).toBeGreaterThan(LIFETIME_MS - 60_000)
  })

  it('leaves the owner alone once the sign-in was taken, and for no longer', async () => {
    await vault.put(ticket, ADA, value)
    await operator.pexpire(key, 123_456)
    await vault.take(ticket, ADA)
    expect([...(await dump())]).toEqual([[key, expect.stringMatching(/^spent:[\w-]{43} /)]])
    expect((await operator.get(key))?.slice('spent:'.length + 43)).toBe(` ${ADA}`)
    const left = await operator.pttl(key)
    expect(left).toBeLessThanOrEqual(123_456)
    expect(left).toBeGreaterThan(0)
  })

  it('tells what fails, and goes on when Redis is back', async () => {
    await vault.put(ticket, ADA, value)
    await whileStopped(async () => {
      await expect(vault.take(ticket, ADA)).rejects.toMatchObject({
        code: 'storage_unavailable',
        retryable: true,
        hint: expect.stringContaining('Redis'),
        cause: expect.any(Error),
      })
      await expect(vault.put(ticket, ADA, value)).rejects.toMatchObject({ code: 'storage_unavailable' })
    })
    await vi.waitFor(() => vault.put(ticket, ADA, value), { timeout: 10_000 })
    expect(await vault.take(ticket, ADA)).toEqual(taken)
  })

  it('says so before the person leaves where a command is not allowed or there is no room', async () => {
    await operator.call('ACL', 'SETUSER', 'default', '-get')
    try {
      await expect(vault.put(ticket, ADA, value)).rejects.toMatchObject({ code: 'storage_unavailable' })
    } finally {
      await operator.call('ACL', 'SETUSER', 'default', '+get')
    }
    await operator.config('SET', 'maxmemory', '1')
    try {
      await expect(vault.put(ticket, ADA, value)).rejects.toMatchObject({ code: 'storage_unavailable' })
    } finally {
      await operator.config('SET', 'maxmemory', '0')
    }
    await vault.put(ticket, ADA, value)
  })

  it('shows no secret in its errors', async () => {
    const shown = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => expect.unreachable(),
        (error: unknown) => error,
      )
      return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null })
    }
    await operator.lpush(key, 'a list')
    const errors = [await shown(vault.take(ticket, ADA))]
    expect(errors[0]).toContain('WRONGTYPE')
    await operator.config('SET', 'maxmemory', '1')
    errors.push(await shown(vault.put(ticket, ADA, value)))
    expect(errors[1]).toContain('OOM')
    await operator.config('SET', 'maxmemory', '0')
    await whileStopped(async () => {
      errors.push(await shown(vault.take(ticket, ADA)), await shown(vault.put(ticket, ADA, value)))
    })
    for (const secret of [verifier, value, ticket, ticket.slice(13, 56), keys[0]!.secret]) {
      expect(tracesOf(secret, errors)).toEqual([])
    }
  })
})

describe('two servers', () => {
  it.each([
    ['redis', 'ioredis'],
    ['ioredis', 'redis'],
  ])('share their sign-ins: begun over %s, finished over %s', async (one, other) => {
    const [begins, finishes] = [await connect(one), await connect(other)].map((client) => redisVault({ client, keys }))
    await begins!.put(ticket, ADA, value)
    expect(await finishes!.take(ticket, BOB)).toEqual({ status: 'other_owner' })
    const { putBack } = await take(finishes!)
    expect(await begins!.take(ticket, ADA)).toEqual(spent)
    // The network failed on one, the person reloads and lands on the other.
    expect(await putBack()).toBe(true)
    expect(await begins!.take(ticket, ADA)).toEqual(taken)
    expect(await finishes!.take(ticket, ADA)).toEqual(spent)
    // What comes late changes nothing.
    expect(await putBack()).toBe(false)
    expect(await begins!.take(ticket, ADA)).toEqual(spent)
  })

  it('hand out once among 8 connections, time and again', async () => {
    const libraries = Array.from({ length: 8 }, (_, index) => (index % 2 ? 'redis' : 'ioredis'))
    const clients = await Promise.all(libraries.map(connect))
    const vaults = clients.map((client) => redisVault({ client, keys }))
    for (let round = 0; round < 50; round++) {
      const ticket = ticketFor(ADA)
      await vaults[round % 8]!.put(ticket, ADA, value)
      const outcomes = await Promise.all(vaults.map((vault) => vault.take(ticket, ADA)))
      expect(outcomes.filter(({ status }) => status === 'taken')).toEqual([taken])
      expect(outcomes.filter(({ status }) => status === 'spent')).toHaveLength(7)
    }
  })

  it('do not wait for ever, and a take that was given up takes nothing', async () => {
    const clients = await Promise.all(Object.keys(LIBRARIES).map(connect))
    const waiting = clients.map((client) => ({ vault: redisVault({ client, keys }), ticket: ticketFor(ADA) }))
    for (const { vault, ticket } of waiting) await vault.put(ticket, ADA, value)
    const takes = await whileFrozen(redis, () =>
      Promise.allSettled(waiting.map(({ vault, ticket }) => vault.take(ticket, ADA))),
    )
    const reason = expect.objectContaining({ code: 'storage_unavailable', retryable: true })
    expect(takes).toEqual(waiting.map(() => ({ status: 'rejected', reason })))
    for (const { vault, ticket } of waiting) expect(await vault.take(ticket, ADA)).toEqual(taken)
  })

  it('call a take unknown where its one command was sent and not answered, and never "not taken"', async () => {
    for (const library of Object.keys(LIBRARIES)) {
      const ticket = ticketFor(ADA)
      const client = await connect(library)
      await redisVault({ client, keys }).put(ticket, ADA, value)
      // The look is answered; then Redis freezes.
      const isTake = (command: string, args: string[]) => command === 'SET' && args.includes('XX')
      const { client: watched, sent } = freezing(client, isTake)
      const error = await refusal(redisVault({ client: watched, keys }).take(ticket, ADA), 'storage_outcome_unknown')
      expect(error.retryable).toBe(false)
      expect(sent()).toBe(1)
      // It ran late: whoever was told "not taken" would find that it was.
      expect(await redisVault({ client, keys }).take(ticket, ADA)).toEqual(spent)
    }
  })

  it('call a put-back unknown likewise, and what runs late puts nothing over another take', async () => {
    for (const library of Object.keys(LIBRARIES)) {
      ticket = ticketFor(ADA)
      const client = await connect(library)
      const vault = redisVault({ client, keys })
      await vault.put(ticket, ADA, value)
      const { client: watched } = freezing(client, (command) => command === 'EVAL')
      const { putBack } = await take(redisVault({ client: watched, keys }))
      await refusal(putBack(), 'storage_unavailable')
      // It ran late, and nobody has it yet.
      expect(await vault.take(ticket, ADA)).toEqual(taken)
      expect(await putBack()).toBe(false)
      expect(await vault.take(ticket, ADA)).toEqual(spent)
    }
  })

  it('know their own take again where the client sent it twice for a lost answer', async () => {
    const client = (await connect('redis')) as { sendCommand(args: string[]): Promise<unknown> }
    const sendCommand = async (args: string[]) => {
      if (args[0] === 'SET' && args.includes('XX')) await client.sendCommand(args)
      return client.sendCommand(args)
    }
    const vault = redisVault({ client: { sendCommand }, keys })
    await vault.put(ticket, ADA, value)
    const { putBack, value: found } = await take(vault)
    expect(found).toBe(value)
    expect(await vault.take(ticket, ADA)).toEqual(spent)
    expect(await putBack()).toBe(true)
    expect(await vault.take(ticket, ADA)).toEqual(taken)
  })

  it('know nothing of each other under two prefixes', async () => {
    const client = await connect('redis')
    await redisVault({ client, keys, prefix: 'a:' }).put(ticket, ADA, value)
    expect([...(await dump()).keys()]).toEqual([`a:${await ticketId(ticket)}`])
    expect(await redisVault({ client, keys, prefix: 'b:' }).take(ticket, ADA)).toEqual({ status: 'unknown' })
    expect(await redisVault({ client, keys, prefix: 'a:' }).take(ticket, ADA)).toEqual(taken)
  })
})

describe('between the two commands of a vault', () => {
  let client: RedisClient
  let other: Vault

  beforeEach(async () => {
    client = await connect('redis')
    other = redisVault({ client: await connect('ioredis'), keys })
  })

  /** A vault after whose first command something else happens. */
  const interrupted = (event: () => Promise<unknown>): Vault => {
    let happened: Promise<unknown> | undefined
    const sendCommand = async (args: string[]) => {
      const reply = await (client as { sendCommand(args: string[]): Promise<unknown> }).sendCommand(args)
      happened ??= event()
      await happened
      return reply
    }
    return redisVault({ client: { sendCommand }, keys })
  }

  it('of a take: what another one takes is spent', async () => {
    await other.put(ticket, ADA, value)
    expect(await interrupted(() => other.take(ticket, ADA)).take(ticket, ADA)).toEqual(spent)
  })

  it('of a take: what another one takes and puts back is handed out', async () => {
    await other.put(ticket, ADA, value)
    const event = async () => {
      const { putBack } = await take(other)
      await putBack()
    }
    expect(await interrupted(event).take(ticket, ADA)).toEqual(taken)
    expect(await other.take(ticket, ADA)).toEqual(spent)
  })

  it('of a take: what has gone stays gone', async () => {
    await other.put(ticket, ADA, value)
    expect(await interrupted(() => operator.del(key)).take(ticket, ADA)).toEqual({ status: 'unknown' })
    expect(await operator.dbsize()).toBe(0)
  })

  it.each([
    ['has gone', () => operator.del(key)],
    ['was changed', () => overwrite(key, `k1.AQ ${ADA}`)],
  ])('of a put: what %s was not kept', async (_, event) => {
    await expect(interrupted(event).put(ticket, ADA, value)).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: 'Redis did not keep the sign-in.',
      hint: expect.stringContaining('Redis'),
    })
  })
})

describe('what lies in Redis', () => {
  let vault: Vault

  beforeEach(async () => {
    vault = redisVault({ client: await connect('ioredis'), keys })
  })

  it('holds neither ticket nor value nor key in any encoding', async () => {
    // The search does find them where a vault keeps them in the open.
    const careless = new Map([[`proofkey:${ticket}`, Buffer.from(value).toString('base64url')]])
    expect(tracesOf(ticket, careless)).not.toEqual([])
    expect(tracesOf(value, careless)).not.toEqual([])

    await vault.put(ticket, ADA, value)
    const waiting = await dump()
    expect(tracesOf(ADA, waiting)).not.toEqual([])
    for (const secret of [verifier, value, ticket, ticket.slice(13), ticket.slice(13, 56), keys[0]!.secret]) {
      expect(tracesOf(secret, waiting)).toEqual([])
    }
  })

  it('is all that the client is handed, and a put asks for all that a take will need', async () => {
    const client = (await connect('redis')) as { sendCommand(args: string[]): Promise<unknown> }
    const sent: string[][] = []
    const sendCommand = (args: string[]) => {
      sent.push(args)
      return client.sendCommand(args)
    }
    const watched = redisVault({ client: { sendCommand }, keys })
    await watched.put(ticket, ADA, value)
    const record = (await dump()).get(key)
    expect(await (await take(watched)).putBack()).toBe(true)
    expect(sent).toEqual([
      ['SET', key, record, 'PX', expect.stringMatching(/^\d+$/), 'GET'],
      ['GET', key],
      ['GET', key],
      ['SET', key, expect.stringMatching(/^spent:[\w-]{43} /), 'XX', 'KEEPTTL', 'GET'],
      ['EVAL', expect.any(String), '1', key, sent[3]![2], record],
    ])
    expect((await dump()).get(key)).toBe(record)
  })

  it('goes with its expiry, taken or not, and leaves nothing', { timeout: 30_000 }, async () => {
    const tickets = Array.from({ length: 200 }, () => ticketFor(ADA, 3000))
    await Promise.all(tickets.map((ticket) => vault.put(ticket, ADA, value)))
    await vault.take(tickets[0]!, ADA)
    expect(await operator.dbsize()).toBe(200)
    await vi.waitFor(async () => expect(await operator.dbsize()).toBe(0), { timeout: 20_000 })
    expect(await vault.take(tickets[0]!, ADA)).toEqual({ status: 'expired' })
  })

  it('opens by hand with the key and the ticket, and with either alone it does not', async () => {
    await vault.put(ticket, ADA, value)
    const [[name, record]] = [...(await dump())] as [[string, string]]
    const id = name.slice('proofkey:'.length)
    const [, keyId, body, owner] = /^(\w+)\.([\w-]+) (.+)$/s.exec(record)!
    expect([keyId, owner]).toEqual(['k1', ADA])

    const open = (secret: Buffer, ticket: string) => {
      const sealed = Buffer.from(body!, 'base64url')
      const derived = createHmac('sha256', secret).update(`proofkey seal ${ticket}`).digest()
      const cipher = createDecipheriv('aes-256-gcm', derived, sealed.subarray(1, 13))
      cipher.setAAD(Buffer.from(`1${id} ${owner}`)).setAuthTag(sealed.subarray(-16))
      return Buffer.concat([cipher.update(sealed.subarray(13, -16)), cipher.final()]).toString()
    }
    const secret = Buffer.from(keys[0]!.secret, 'base64')
    expect(open(secret, ticket)).toBe(value)
    for (const guess of [id, name, record, '', ticketFor(ADA), ticket.slice(0, -1)]) {
      expect(() => open(secret, guess)).toThrow()
    }
    for (const guess of [Buffer.alloc(32), Buffer.from(id), Buffer.from(ticket), randomBytes(32)]) {
      expect(() => open(guess, ticket)).toThrow()
    }
  })
})

describe('keys that rotate', () => {
  const [old, next] = [newKey('old'), newKey('next')]

  it('open what an older one sealed, and seal with the first', async () => {
    const client = await connect('redis')
    await redisVault({ client, keys: [old] }).put(ticket, ADA, value)
    expect((await dump()).get(key)).toMatch(/^old\./)
    const rotated = redisVault({ client, keys: [next, old] })
    expect(await rotated.take(ticket, ADA)).toEqual(taken)
    ticket = ticketFor(ADA)
    key = `proofkey:${await ticketId(ticket)}`
    await rotated.put(ticket, ADA, value)
    expect((await dump()).get(key)).toMatch(/^next\./)
    expect(await redisVault({ client, keys: [old, next] }).take(ticket, ADA)).toEqual(taken)
  })

  it.each([
    ['removed', [next]],
    ['replaced under its name', [{ ...next, id: 'old' }]],
  ])('do not open what one sealed that was %s', async (_, keys) => {
    const client = await connect('redis')
    await redisVault({ client, keys: [old] }).put(ticket, ADA, value)
    expect(await redisVault({ client, keys }).take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })
})

describe('a record that was changed does not open', () => {
  let vault: Vault
  let record: string
  let sealed: string

  beforeEach(async () => {
    vault = redisVault({ client: await connect('ioredis'), keys: [...keys, newKey('k2')] })
    await vault.put(ticket, ADA, value)
    record = (await dump()).get(key)!
    sealed = record.slice(0, record.indexOf(' '))
  })

  it('but does when it is written back as it was', async () => {
    await overwrite(key, record)
    expect(await vault.take(ticket, ADA)).toEqual(taken)
  })

  it.each([
    ['version', 0],
    ['first of the IV', 1],
    ['last of the IV', 12],
    ['first of the ciphertext', 13],
    ['last of the ciphertext', -17],
    ['first of the tag', -16],
    ['last of the tag', -1],
  ])('sealed: %s', async (_, at) => {
    const bytes = Buffer.from(sealed.slice(3), 'base64url')
    bytes[at < 0 ? bytes.length + at : at]! ^= 1
    await overwrite(key, `k1.${bytes.toString('base64url')} ${ADA}`)
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })

  it.each([
    ['key id: another key', () => sealed.replace('k1', 'k2')],
    ['key id: none', () => sealed.slice(2)],
    ['key id: one that every object has', () => sealed.replace('k1', '__proto__')],
    ['sealed: cut', () => sealed.slice(0, 20)],
    ['sealed: nothing', () => ''],
    ['sealed: not base64url', () => 'k1.***'],
    ['sealed: open text', () => btoa(value)],
  ])('%s', async (_, change) => {
    await overwrite(key, `${change()} ${ADA}`)
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })

  it('owner: another one’s name', async () => {
    await overwrite(key, `${sealed} ${BOB}`)
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'other_owner' })
    expect((await dump()).get(key)).toBe(`${sealed} ${BOB}`)
    expect(await vault.take(ticket, BOB)).toEqual({ status: 'unreadable' })
  })

  it('id: copied over the record of another ticket', async () => {
    const other = ticketFor(ADA)
    await vault.put(other, ADA, 'theirs')
    await overwrite(`proofkey:${await ticketId(other)}`, record)
    expect(await vault.take(other, ADA)).toEqual({ status: 'unreadable' })
    expect(await vault.take(ticket, ADA)).toEqual(taken)
  })

  it('id: moved under a ticket nobody put', async () => {
    const forged = ticketFor(ADA)
    await operator.rename(key, `proofkey:${await ticketId(forged)}`)
    expect(await vault.take(forged, ADA)).toEqual({ status: 'unreadable' })
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unknown' })
  })

  it.each(['', ' ', 'spent', 'text', '{}'])('the whole record: %j', async (garbage) => {
    await overwrite(key, garbage)
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'other_owner' })
  })
})

describe('the client', () => {
  it.each([
    ['a pool', () => createClientPool({ url: redis.url })],
    ['set to give bytes', () => createClient({ url: redis.url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })],
  ])('may be %s', async (_, create) => {
    const client = create().on('error', () => {})
    await client.connect()
    try {
      const vault = redisVault({ client, keys })
      await vault.put(ticket, ADA, value)
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => vault.take(ticket, ADA)))
      expect(outcomes.filter(({ status }) => status === 'taken')).toEqual([taken])
      expect(outcomes.filter(({ status }) => status === 'spent')).toHaveLength(7)
    } finally {
      client.destroy()
    }
  })

  it.each([undefined, null, {}, 'redis://localhost'])('is refused where it is none: %j', (client) => {
    expect(() => redisVault({ client: client as unknown as RedisClient, keys })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    )
  })

  it('is not asked where the keys are none', () => {
    const client = { sendCommand: () => expect.unreachable() }
    expect(() => redisVault({ client, keys: [] })).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })
})
