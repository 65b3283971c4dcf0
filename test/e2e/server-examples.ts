import { InMemoryLogRecordExporter } from '@opentelemetry/sdk-logs'
import { createClient } from 'redis'
import { vi } from 'vitest'
import { startExpress } from '../../examples/express/serve.js'
import { startHono } from '../../examples/hono/serve.js'
import type { RunningExample } from '../../examples/lib/example.js'
import { startNext } from '../../examples/next/serve.js'
import { startOpenTelemetry } from '../../examples/open-telemetry/serve.js'
import { startWithRedis } from '../../examples/redis/serve.js'
import { startSpaExchange } from '../../examples/spa-exchange/serve.js'
import { startRedis } from '../helpers/redis.js'

export interface ServerExample {
  /** In `examples/`. */
  readonly folder: string
  /** Where it tells who is signed in. */
  readonly whoAmI: string
  start(): Promise<ServerSite>
}

export interface ServerSite extends RunningExample {
  /** Lets the longest time pass that a session may last. */
  passLifetime(): Promise<void>
}

const LIFETIME_SECONDS = 8 * 3600

/** The server runs in this process, and so by this clock; `vi.useRealTimers()` sets it right again. */
async function inThisProcess(starting: Promise<RunningExample>): Promise<ServerSite> {
  return {
    ...(await starting),
    passLifetime: async () =>
      void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + LIFETIME_SECONDS * 1000 + 1 }),
  }
}

async function withRedis(): Promise<ServerSite> {
  const redis = await startRedis()
  const running = await startWithRedis(0, redis)
  return {
    ...running,
    async close() {
      await running.close()
      await redis.stop()
    },
    /** Redis has a clock of its own: what is to last no longer than this is let go by the same command that time gives. */
    async passLifetime() {
      const client = await createClient({ url: redis.url }).connect()
      for (const key of await client.keys('session:*')) {
        const seconds = await client.ttl(key)
        if (seconds >= 0 && seconds <= LIFETIME_SECONDS) await client.expire(key, 0)
      }
      client.destroy()
    },
  }
}

/** Every example with a server of its own that signs people in. */
export const SERVER_EXAMPLES: readonly ServerExample[] = [
  { folder: 'express', whoAmI: '/', start: () => inThisProcess(startExpress(0)) },
  { folder: 'hono', whoAmI: '/', start: () => inThisProcess(startHono(0)) },
  { folder: 'next', whoAmI: '/', start: () => inThisProcess(startNext(0)) },
  {
    folder: 'open-telemetry',
    whoAmI: '/',
    start: () => inThisProcess(startOpenTelemetry(0, new InMemoryLogRecordExporter())),
  },
  { folder: 'redis', whoAmI: '/', start: withRedis },
  { folder: 'spa-exchange', whoAmI: '/api/me', start: () => inThisProcess(startSpaExchange(0)) },
]
