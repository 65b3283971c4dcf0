import { InMemoryLogRecordExporter } from '@opentelemetry/sdk-logs'
import { startExpress } from '../../examples/express/serve.js'
import { startFastify } from '../../examples/fastify/serve.js'
import { startH3 } from '../../examples/h3/serve.js'
import { startHono } from '../../examples/hono/serve.js'
import type { RunningExample } from '../../examples/lib/example.js'
import { startOpenTelemetry } from '../../examples/open-telemetry/serve.js'
import { startWithRedis } from '../../examples/redis/serve.js'
import { startNextHandlers } from '../helpers/next-handlers.js'
import { startRedis } from '../helpers/redis.js'

export interface ServerExample {
  /** In `examples/`. */
  readonly folder: string
  start(): Promise<RunningExample>
  /** Where the form goes that calls the API. Default `/visits`. */
  readonly callAt?: string
}

async function withRedis(): Promise<RunningExample> {
  const redis = await startRedis()
  const running = await startWithRedis(0, redis)
  return {
    ...running,
    async close() {
      await running.close()
      await redis.stop()
    },
  }
}

/** The examples whose session is on the server, except those that have to be built: see test/frameworks. */
export const SERVER_EXAMPLES: readonly ServerExample[] = [
  { folder: 'express', start: () => startExpress(0) },
  { folder: 'fastify', start: () => startFastify(0) },
  { folder: 'h3', start: () => startH3(0) },
  { folder: 'hono', start: () => startHono(0) },
  { folder: 'next', start: startNextHandlers },
  { folder: 'open-telemetry', start: () => startOpenTelemetry(0, new InMemoryLogRecordExporter()) },
  { folder: 'redis', start: withRedis },
]
