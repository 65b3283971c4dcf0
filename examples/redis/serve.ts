import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type RequestListener, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../../test/helpers/redis.js'
import { type Surroundings, serve, startExample } from '../lib/example.js'

const secret = () => randomBytes(32).toString('base64')

/** Two server processes and one Redis behind a proxy that sends every callback to the process that did not start it. */
export function startWithRedis(port?: number) {
  const clientSecret = secret()
  return startExample(
    { client_id: 'redis-app', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    async ({ issuer, url }: Surroundings) => {
      const redis = await startRedis()
      const env = {
        ...process.env,
        ISSUER: issuer,
        URL: url,
        CLIENT_SECRET: clientSecret,
        REDIS_URL: redis.url,
        SEALING_KEY: secret(),
        SESSION_PASSWORD: secret(),
      }
      const processes = [startInstance(env), startInstance(env)] as const
      return {
        listener: proxy(await portOf(processes[0]), await portOf(processes[1])),
        async close() {
          await Promise.all(processes.map(end))
          await redis.stop()
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
    const passedOn = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passedOn.on('error', () => outgoing.writeHead(502).end())
    incoming.pipe(passedOn)
  }

await serve(import.meta.url, 'proofkey with Redis and two processes', startWithRedis)
