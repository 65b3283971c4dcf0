import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import {
  memoryServerSessions,
  redisSessions,
  type SealingKey,
  type ServerSessionStore,
  sealedCookieSessions,
} from '../../src/server.js'
import { startRedis } from './redis.js'

export const SEALING_KEYS: readonly SealingKey[] = [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }]

/** The three stores, Redis with a real server, which is empty for each test of the file. */
export function useServerSessionStores() {
  let redis: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    redis = await startRedis()
    client = new Redis(redis.port, '127.0.0.1', {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      lazyConnect: true,
    })
    client.on('error', () => {})
    await client.connect()
  })
  beforeEach(async () => {
    await client.flushall()
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })
  return {
    memory: () => memoryServerSessions(),
    redis: () => redisSessions({ client, keys: SEALING_KEYS }),
    cookie: () => sealedCookieSessions({ keys: SEALING_KEYS }),
    operator: () => client,
  } satisfies Record<string, (() => ServerSessionStore) | (() => Redis)>
}
