import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type RequestListener, request } from 'node:http'
import { pipeline } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../../test/helpers/redis.js'
import { type Surroundings, serve, startExample } from '../lib/example.js'

const secret = () => randomBytes(32).toString('base64')

/**
 * Two server processes and one Redis behind a proxy that sends every callback to the process that did not start it.
 * @param redis the Redis of a test, which ends it itself
 */
export function startWithRedis(port?: number, redis?: { readonly url: string }) {
  const clientSecret = secret()
  return startExample(
    { client_id: 'redis-app', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    async ({ issuer, url }: Surroundings) => {
      const own = redis ? undefined : await startRedis()
      const env = {
        ...process.env,
        ISSUER: issuer,
        URL: url,
        CLIENT_SECRET: clientSecret,
        REDIS_URL: (redis ?? own)?.url,
        SEALING_KEY: secret(),
      }
      const processes = [startInstance(env), startInstance(env)] as const
      return {
        listener: proxy(await portOf(processes[0]), await portOf(processes[1])),
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

const proxy =
  (starting: number, finishing: number): RequestListener =>
  (incoming, outgoing) => {
    const { url: path = '/', method, headers } = incoming
    const port = path.startsWith('/callback') ? finishing : starting
    // An answer that has begun cannot become another one.
    const failed = () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end())
    const passedOn = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, outgoing, () => {})
    })
    passedOn.on('error', failed)
    pipeline(incoming, passedOn, () => {})
  }

await serve(import.meta.url, 'proofkey with Redis and two processes', startWithRedis)
