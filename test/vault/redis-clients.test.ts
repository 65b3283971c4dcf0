import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisVault } from '../../src/vault/redis.js'
import type { RedisClient } from '../../src/vault/redis-client.js'
import { redisReplayCache } from '../../src/vault/replay-cache.js'
import { freePort, startRedis, startSentinel } from '../helpers/redis.js'
import { ADA, taken, ticketFor } from '../helpers/tickets.js'
import { until } from '../helpers/until.js'

const keys = [{ id: 'k1', secret: randomBytes(32).toString('base64') }]
type RunningRedis = Awaited<ReturnType<typeof startRedis>>

/** All that a vault and a replay cache send. */
async function expectToWork(client: RedisClient): Promise<void> {
  const vault = redisVault({ client, keys })
  for (let count = 0; count < 10; count++) {
    const ticket = ticketFor(ADA)
    await vault.put(ticket, ADA, 'value')
    const first = await vault.take(ticket, ADA)
    expect(first).toEqual(taken('value'))
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'spent' })
    if (first.status === 'taken') expect(await first.putBack()).toBe(true)
    expect(await vault.take(ticket, ADA)).toEqual(taken('value'))

    const cache = redisReplayCache({ client })
    const attempt = { id: `${ticket} ${count}`, token: 'one' }
    expect(await cache.claim(attempt, 60_000)).toBe('claimed')
    expect(await cache.claim({ ...attempt, token: 'two' }, 60_000)).toBe('in_progress')
    await cache.release(attempt)
    expect(await cache.claim({ ...attempt, token: 'two' }, 60_000)).toBe('claimed')
    await cache.commit({ ...attempt, token: 'two' }, Date.now() + 60_000)
    expect(await cache.claim(attempt, 60_000)).toBe('used')
  }
}

describe('a cluster of three nodes', () => {
  let nodes: RunningRedis[]
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'redis-cluster-'))
    const busPorts = await Promise.all([0, 1, 2].map(freePort))
    nodes = await Promise.all(
      busPorts.map((busPort, index) => {
        // A port above 55,535 has no cluster bus beside it.
        const settings = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--dir', directory]
        return startRedis(undefined, [...settings, '--cluster-config-file', `node-${index}.conf`])
      }),
    )
    const operators = nodes.map(({ port }) => new Redis(port, '127.0.0.1'))
    const shares = [
      [0, 5460],
      [5461, 10922],
      [10923, 16383],
    ] as const
    for (const [index, [from, to]] of shares.entries()) {
      await operators[index]!.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
      await operators[index]!.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    }
    for (const [index, { port }] of nodes.entries())
      await operators[0]!.call('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[index]!)
    for (const operator of operators)
      await until(async () => /cluster_state:ok/.test(String(await operator.call('CLUSTER', 'INFO'))))
    for (const operator of operators) operator.disconnect()
  })
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await rm(directory, { recursive: true, force: true })
  })

  it('is served through the cluster client of node-redis', async () => {
    const cluster = createCluster({ rootNodes: [{ url: nodes[0]!.url }] })
    cluster.on('error', () => {})
    await cluster.connect()
    try {
      await expectToWork(cluster)
    } finally {
      await cluster.destroy()
    }
  })

  it('is served through the cluster client of ioredis', async () => {
    const cluster = new Redis.Cluster([{ host: '127.0.0.1', port: nodes[0]!.port }])
    try {
      await expectToWork(cluster)
    } finally {
      cluster.disconnect()
    }
  })

  it('is not served by a client of one node: it would be told to ask another', async () => {
    const client = new Redis(nodes[0]!.port, '127.0.0.1')
    try {
      await expect(expectToWork(client)).rejects.toMatchObject({ code: 'storage_unavailable' })
    } finally {
      client.disconnect()
    }
  })
})

describe('a primary, its replica and a sentinel', () => {
  let primary: RunningRedis
  let replica: RunningRedis
  let sentinel: RunningRedis
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'redis-sentinel-'))
    primary = await startRedis()
    replica = await startRedis(undefined, [
      '--replicaof',
      '127.0.0.1',
      `${primary.port}`,
      '--repl-diskless-sync-delay',
      '0',
    ])
    const config = join(directory, 'sentinel.conf')
    const lines = [
      `sentinel monitor app 127.0.0.1 ${primary.port} 1`,
      'sentinel down-after-milliseconds app 1000',
      'sentinel failover-timeout app 5000',
    ]
    await writeFile(config, lines.join('\n'))
    sentinel = await startSentinel(config)
    const operator = new Redis(sentinel.port, '127.0.0.1')
    await until(async () => ((await operator.call('SENTINEL', 'REPLICAS', 'app')) as unknown[]).length === 1)
    operator.disconnect()
  })
  afterAll(async () => {
    await Promise.all([primary, replica, sentinel].map((server) => server.stop()))
    await rm(directory, { recursive: true, force: true })
  })

  it('are served through the sentinel clients of both libraries, and after a failover', async () => {
    const node = { host: '127.0.0.1', port: sentinel.port }
    const nodeRedis = createSentinel({ name: 'app', sentinelRootNodes: [node], scanInterval: 100 })
    nodeRedis.on('error', () => {})
    await nodeRedis.connect()
    const ioredis = new Redis({ sentinels: [node], name: 'app' })
    ioredis.on('error', () => {})
    try {
      await expectToWork(nodeRedis)
      await primary.stop()
      for (const client of [nodeRedis, ioredis]) {
        const vault = redisVault({ client, keys })
        await until(() =>
          vault.put(ticketFor(ADA), ADA, 'value').then(
            () => true,
            () => false,
          ),
        )
        const ticket = ticketFor(ADA)
        await vault.put(ticket, ADA, 'value')
        expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
      }
    } finally {
      ioredis.disconnect()
      await nodeRedis.destroy()
    }
  })
})

describe('a client of node-redis without an error listener', () => {
  const unconnected = {
    'a client': () => createClient(),
    'a pool': () => createClientPool(),
    'a cluster': () => createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }),
    'a sentinel': () => createSentinel({ name: 'app', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }),
  }

  it.each(Object.entries(unconnected))('is refused: %s', (_, create) => {
    const refused = expect.objectContaining({
      code: 'config_invalid',
      hint: expect.stringContaining("client.on('error'"),
    })
    const client = create() as unknown as RedisClient & { on(event: string, listener: () => void): void }
    expect(() => redisVault({ client, keys })).toThrow(refused)
    expect(() => redisReplayCache({ client })).toThrow(refused)
    client.on('error', () => {})
    redisVault({ client, keys })
    redisReplayCache({ client })
  })

  it('would end the process when Redis goes away; with one, or with ioredis, it goes on', async () => {
    const program = (client: string) => `
      import { createClient } from 'redis'
      import { Redis } from 'ioredis'
      const client = ${client}
      setTimeout(() => {}, 60_000)
      await client.connect()
      console.log('connected')
      process.stdin.once('data', () => { console.log('alive'); process.exit(0) })`
    const run = async (create: (port: number) => string) => {
      const redis = await startRedis()
      const child = execFile(process.execPath, ['--input-type=module', '-e', program(create(redis.port))])
      const ended = once(child, 'exit')
      let output = ''
      child.stdout!.on('data', (text) => {
        output += text
      })
      await until(() => output.includes('connected'))
      await redis.stop()
      // Where it lives on, it answers once it has seen the connection break.
      const restarted = await startRedis(redis.port)
      child.stdin!.on('error', () => {})
      const operator = new Redis(redis.port, '127.0.0.1')
      await until(
        async () =>
          child.exitCode !== null ||
          String(await operator.client('LIST'))
            .trim()
            .split('\n').length > 1,
      )
      child.stdin!.write('?')
      const [code] = await ended
      operator.disconnect()
      await restarted.stop()
      return code
    }
    const quick = 'socket: { reconnectStrategy: 20 }'
    const [without, withOne, ioredis] = await Promise.all([
      run((port) => `createClient({ url: 'redis://127.0.0.1:${port}', ${quick} })`),
      run((port) => `createClient({ url: 'redis://127.0.0.1:${port}', ${quick} }).on('error', () => {})`),
      run((port) => `new Redis(${port}, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 20 })`),
    ])
    expect(without).toBe(1)
    expect([withOne, ioredis]).toEqual([0, 0])
  })
})
