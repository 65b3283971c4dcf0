import { memoryServerSessions, redisSessions, sealedCookieSessions } from '../../../src/server.js'
import { collectedHeap } from './heap.js'
import { createSessionBench, ORIGIN } from './session-apps.js'
import { openRedis, SEALING_KEYS } from './session-requests.js'

const PEOPLE = 1000
const STEPS = 4
const IN_FLIGHT = 20
/** One of so many requests calls the API too. */
const CALLS = 10

export const SESSION_HEAPS = ['memoryServerSessions', 'redisSessions', 'sealedCookieSessions'] as const

/** The heap after garbage collection, at the start and after each quarter of the requests. Needs `--expose-gc`. */
export async function sessionHeapOver(requests: number, store: (typeof SESSION_HEAPS)[number]): Promise<number[]> {
  const redis = store === 'redisSessions' ? await openRedis() : undefined
  const bench = await createSessionBench(() => {
    if (redis) return redisSessions({ client: redis.client, keys: SEALING_KEYS })
    return store === 'memoryServerSessions' ? memoryServerSessions() : sealedCookieSessions({ keys: SEALING_KEYS })
  })
  const auth = bench.open()
  const visitors = await bench.signIn(auth, PEOPLE)

  async function one(at: number) {
    const visitor = visitors[at % PEOPLE]!
    const request = visitor.request(`${ORIGIN}/orders`)
    const { session, headers } = await auth.session(request)
    if (session?.claims?.sub !== 'ada') throw new Error('Nobody is signed in')
    visitor.receive(headers)
    if (at % CALLS) return
    const { response } = await auth.fetch(request, `${bench.API}/orders`)
    await response.text()
  }
  async function many(count: number) {
    let next = 0
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (next < count) await one(next++)
      }),
    )
  }

  // What is compiled and cached once is no growth.
  await many(10 * PEOPLE)
  const sizes = [await collectedHeap()]
  for (let step = 0; step < STEPS; step++) {
    await many(requests / STEPS)
    sizes.push(await collectedHeap())
  }
  await redis?.close()
  return sizes
}
