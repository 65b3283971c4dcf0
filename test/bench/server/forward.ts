import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Agent, request, pipeline as undiciPipeline } from 'undici'
import { undiciFetch } from '../../../src/node.js'
import { sendResponse, toRequest } from '../../../src/server/edge/node-http.js'
import { createForward } from '../../../src/server/session/forward.js'
import { allowInsecureLoopback, type FetchLike } from '../../../src/server.js'
import { median } from '../statistics.js'
import { type Row, textTable } from '../table.js'

const TOKEN = 'an-access-token'
const HOPS =
  /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|host|cookie|authorization|x-proofkey|proxy-.*)$/
const NAMES = ['forward', 'forward, global fetch', 'undici.pipeline by hand', 'global fetch by hand'] as const
type Name = (typeof NAMES)[number]
type Sample = Awaited<ReturnType<typeof run>>

const CASES = {
  'GET, 1 kB': { method: 'GET', path: '/1024', bodyBytes: 0, times: 300, inFlight: 10 },
  'POST, 1 kB each way': { method: 'POST', path: '/1024', bodyBytes: 1024, times: 300, inFlight: 10 },
  'GET, 16 MB': { method: 'GET', path: '/16777216', bodyBytes: 0, times: 8, inFlight: 2 },
  'POST, 16 MB': { method: 'POST', path: '/1', bodyBytes: 16_777_216, times: 8, inFlight: 2 },
} as const

/** An API that answers with as many bytes as its path says. */
const api: RequestListener = (incoming, outgoing) => {
  const size = Number(/(\d+)$/.exec(incoming.url ?? '')?.[1] ?? 0)
  incoming.resume().on('end', () => {
    if (incoming.headers.authorization !== `Bearer ${TOKEN}`) return outgoing.writeHead(401).end()
    return outgoing.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(size))
  })
}

const endToEnd = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOPS.test(name)))

/** What a careful developer writes with undici. */
const byHand = (apiOrigin: string): RequestListener => {
  const dispatcher = new Agent()
  return (incoming, outgoing) => {
    if (!incoming.headers['x-proofkey'] || incoming.headers['sec-fetch-site'] !== 'same-origin')
      return outgoing.writeHead(403).end()
    const url = new URL(`/v1/${incoming.url?.slice('/api/'.length)}`, apiOrigin)
    const headers = { ...endToEnd(incoming.headers), authorization: `Bearer ${TOKEN}` }
    const method = incoming.method as 'GET'
    const through = undiciPipeline(url, { dispatcher, method, headers }, ({ statusCode, headers, body }) => {
      const { 'set-cookie': _, ...passed } = endToEnd(headers)
      outgoing.writeHead(statusCode, passed)
      return body
    })
    return pipeline(incoming, through, outgoing, (error) => error && outgoing.destroy())
  }
}

/** The same with the global `fetch`: what of the difference is its price. */
const byFetch =
  (apiOrigin: string): RequestListener =>
  async (incoming, outgoing) => {
    const url = new URL(`/v1/${incoming.url?.slice('/api/'.length)}`, apiOrigin)
    const headers = { ...endToEnd(incoming.headers), authorization: `Bearer ${TOKEN}` }
    const { method = 'GET' } = incoming
    const body = method === 'GET' ? {} : { body: incoming, duplex: 'half' }
    const response = await fetch(url, { method, headers, redirect: 'manual', ...body } as unknown as RequestInit)
    outgoing.writeHead(response.status, endToEnd(Object.fromEntries(response.headers)))
    pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing, (error) => error && outgoing.destroy())
  }

const withForward = (apiOrigin: string, fetch?: FetchLike): RequestListener => {
  const forward = createForward({
    origin: 'http://app.example',
    apis: { [apiOrigin]: {} },
    insecure: allowInsecureLoopback,
    fetch,
    tokenFor: async () => ({ accessToken: TOKEN }),
  })
  return async (incoming, response) => {
    const answer = await forward(toRequest(incoming, { response }), { to: `${apiOrigin}/v1`, path: '/api/*' })
    await sendResponse(response, answer)
  }
}

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The process of the API, or that of the proxies: tells its addresses, and for each message its processor time. */
async function serve(apiOrigin: string | undefined) {
  const listeners =
    apiOrigin === undefined
      ? [api]
      : [withForward(apiOrigin, undiciFetch()), withForward(apiOrigin), byHand(apiOrigin), byFetch(apiOrigin)]
  process.send?.(await Promise.all(listeners.map(listening)))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1000)
  })
  process.on('disconnect', () => process.exit())
}

const asked = async (child: ChildProcess) => {
  child.send('usage')
  return (await once(child, 'message'))[0] as number
}

/** Sends the requests of a case. @returns milliseconds and the proxy's processor time, of one request */
async function run(origin: string, name: keyof typeof CASES, dispatcher: Agent, child: ChildProcess) {
  const { method, path, bodyBytes, times, inFlight } = CASES[name]
  const headers = { 'x-proofkey': '1', 'sec-fetch-site': 'same-origin', cookie: 'session=x', 'user-agent': 'bench' }
  const body = bodyBytes ? Buffer.alloc(bodyBytes) : null
  const processor = await asked(child)
  const start = performance.now()
  let left: number = times
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) {
        const answer = await request(`${origin}/api${path}`, { dispatcher, method, headers, body })
        let size = 0
        for await (const chunk of answer.body) size += chunk.length
        if (answer.statusCode !== 200 || size !== Number(path.slice(1)))
          throw new Error(`${answer.statusCode}, ${size}`)
      }
    }),
  )
  const ms = (performance.now() - start) / times
  return { ms, processorMs: ((await asked(child)) - processor) / times }
}

/** This file, compiled once: what translates at the import adds work to each function, which nobody ships. */
async function compiled(): Promise<string> {
  const outfile = join(root, 'node_modules/.cache/proofkey/bench-forward.mjs')
  const entryPoints = [fileURLToPath(import.meta.url)]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })
  return outfile
}
const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Compares `forward` with `undici.pipeline` by hand: the proxies in one process, the API and the browser in two others. */
export async function raceForward(rounds: number): Promise<void> {
  const children: ChildProcess[] = []
  const script = await compiled()
  const start = async (...options: string[]) => {
    const child = fork(script, ['serve', ...options], { execArgv: [] })
    children.push(child)
    return [child, (await once(child, 'message'))[0] as string[]] as const
  }
  try {
    const [, [apiOrigin]] = await start()
    const [child, origins] = await start(apiOrigin!)
    const dispatcher = new Agent()
    const rows: Row[] = [['', ...NAMES]]
    for (const name of Object.keys(CASES) as (keyof typeof CASES)[]) {
      const samples = Object.fromEntries(NAMES.map((name): [string, Sample[]] => [name, []])) as Record<Name, Sample[]>
      for (let round = -2; round < rounds; round++) {
        for (const turn of NAMES.keys()) {
          const which = (Math.abs(round) + turn) % NAMES.length
          const sample = await run(origins[which]!, name, dispatcher, child)
          if (round >= 0) samples[NAMES[which]!].push(sample)
        }
      }
      const all = (of: Name, value: 'ms' | 'processorMs') => samples[of].map((sample) => sample[value])
      // Round by round, since what else the machine does changes between them.
      const ratio = (of: Name) => median(all(of, 'ms').map((ms, round) => ms / all('forward', 'ms')[round]!))
      const cell = (of: Name) =>
        `${Math.round(1000 / median(all(of, 'ms')))}/s, ${median(all(of, 'processorMs')).toFixed(2)} ms (${ratio(of).toFixed(2)}×)`
      rows.push([name, ...NAMES.map(cell)])
    }
    await dispatcher.close()
    console.log(textTable(rows))
    console.log(
      `\nMedians of ${rounds} rounds: requests per second and the proxy's processor time for one; in brackets the rate of forward / its own.`,
    )
  } finally {
    for (const child of children) child.disconnect()
  }
}

if (process.argv[2] === 'serve') await serve(process.argv[3])
