import { Redis } from 'ioredis'
import { memoryServerSessions, redisSessions, sealedCookieSessions } from '../../../src/server.js'
import { startRedis } from '../../helpers/redis.js'
import { median } from '../statistics.js'
import { type Row, textTable } from '../table.js'
import { createSessionBench, ironSession, ORIGIN } from './session-apps.js'

export const SEALING_KEYS = [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }]
const PEOPLE = 20
const REQUESTS = 200
const WARM_UP_ROUNDS = 10
const BY_HAND = 'iron-session by hand'

/** A Redis of its own, and a client of it. */
export async function openRedis() {
  const server = await startRedis()
  const client = new Redis(server.port, '127.0.0.1', { enableAutoPipelining: false })
  client.on('error', () => {})
  return {
    client,
    async close() {
      client.disconnect()
      await server.stop()
    },
  }
}

type Visitors = Awaited<ReturnType<typeof ironSession.signIn>>

/** One request after the other, of one browser after the other. @returns milliseconds for one */
async function timed(visitors: Visitors, read: (request: Request) => Promise<string | undefined>, times = REQUESTS) {
  const requests = Array.from({ length: times }, (_, at) => visitors[at % visitors.length]!.request(`${ORIGIN}/orders`))
  const start = performance.now()
  for (const request of requests) {
    if ((await read(request)) !== 'ada') throw new Error('Nobody is signed in')
  }
  return (performance.now() - start) / times
}

/** What `session(request)` takes with each store, beside reading a sealed cookie with iron-session by hand. */
export async function raceSessionRequests(rounds: number): Promise<void> {
  const redis = await openRedis()
  try {
    const stores = {
      memoryServerSessions: () => memoryServerSessions(),
      redisSessions: () => redisSessions({ client: redis.client, keys: SEALING_KEYS }),
      sealedCookieSessions: () => sealedCookieSessions({ keys: SEALING_KEYS }),
    }
    const runs = new Map<string, () => Promise<number>>()
    const iron = await ironSession.signIn(PEOPLE)
    runs.set(BY_HAND, () => timed(iron, ironSession.read))
    for (const [name, store] of Object.entries(stores)) {
      const bench = await createSessionBench(store)
      const auth = bench.open()
      const visitors = await bench.signIn(auth, PEOPLE)
      const subject = (at: typeof auth) => async (request: Request) => (await at.session(request)).session?.claims?.sub
      runs.set(name, () => timed(visitors, subject(auth)))
      // Another process, which sees each session for the first time.
      if (name !== 'memoryServerSessions')
        runs.set(`${name}, first request of a process`, () => timed(visitors, subject(bench.open()), PEOPLE))
    }
    const names = [...runs.keys()]
    const samples = new Map<string, number[]>(names.map((name) => [name, []]))
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (const turn of names.keys()) {
        const name = names[(Math.abs(round) + turn) % names.length]!
        const ms = await runs.get(name)!()
        if (round >= 0) samples.get(name)!.push(ms)
      }
    }
    const rows = names.map((name): Row => {
      const all = samples.get(name)!
      // Round by round, since what else the machine does changes between them.
      const byHand = samples.get(BY_HAND)!
      const more = median(all.map((ms, round) => ms - byHand[round]!))
      const ratio = median(all.map((ms, round) => ms / byHand[round]!))
      return [name, `${median(all).toFixed(3)} ms`, `${more.toFixed(3)} ms`, `${ratio.toFixed(2)}×`]
    })
    console.log(`\n${textTable([['a request with a valid session', 'takes', 'more than by hand', ''], ...rows])}`)
    console.log(
      `\nMedians of ${rounds} rounds of ${REQUESTS} requests, one at a time; the differences and ratios by round.`,
    )
  } finally {
    await redis.close()
  }
}
