import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../../test/helpers/redis.js'
import { serve } from '../lib/example.js'
import { proxy } from '../lib/proxy.js'
import { startServerExample } from '../lib/server-example.js'

/**
 * Two server processes and one Redis behind a proxy that sends every callback to the process that did not start it, and all
 * else to both in turn.
 * @param redis the Redis of a test, which ends it itself
 */
export function startWithRedis(port?: number, redis?: { readonly url: string }) {
  return startServerExample(
    { client_id: 'redis-app' },
    async ({ issuer, url, api, clientSecret, sealingSecret }) => {
      const own = redis ? undefined : await startRedis()
      const env = {
        ...process.env,
        ISSUER: issuer,
        URL: url,
        API: api,
        CLIENT_SECRET: clientSecret,
        REDIS_URL: (redis ?? own)?.url,
        SEALING_KEY: sealingSecret,
      }
      const processes = [startInstance(env), startInstance(env)] as const
      return {
        listener: proxy(inTurn(await portOf(processes[0]), await portOf(processes[1]))),
        async close() {
          await Promise.all(processes.map(end))
          await own?.stop()
        },
      }
    },
    port,
  )
}

const startInstance = (env: NodeJS.ProcessEnv): ChildProcess =>
  fork(fileURLToPath(new URL('./instance.ts', import.meta.url)), { env, execArgv: ['--import', 'tsx'] })

/** A process tells its port once it is ready. */
async function portOf(instance: ChildProcess): Promise<number> {
  const failed = once(instance, 'exit').then(([code]) => Promise.reject(new Error(`The server ended: ${code}`)))
  const [port] = await Promise.race([once(instance, 'message'), failed])
  return port
}

async function end(instance: ChildProcess): Promise<void> {
  const ended = once(instance, 'exit')
  instance.kill()
  await ended
}

/** @returns the port for a path */
function inTurn(starting: number, finishing: number): (path: string) => number {
  let turn = 0
  return (path) => {
    if (path.startsWith('/auth/callback')) return finishing
    return path.startsWith('/auth/sign-in') || turn++ % 2 === 0 ? starting : finishing
  }
}

await serve(import.meta.url, 'proofkey with Redis and two processes', startWithRedis)
