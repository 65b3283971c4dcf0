import { createVisitor } from '../../helpers/visitor.js'
import type { BenchServer } from './authorization-server.js'
import type { Contestant } from './contract.js'

const ORIGIN = 'https://app.example'
export const REDIRECT_URI = `${ORIGIN}/callback`

export interface Timed {
  readonly signInMs: number
  readonly callbackMs: number
  /** Processor time of both, threads included: what a busy machine does not change. */
  readonly processorMs: number
}

/**
 * Signs many people in, each with a browser of their own. Only the contestant's work is timed: neither the server's nor
 * the browsers'.
 * @param inFlight how many requests are under way at once
 * @throws where somebody is not signed in, or keeps a cookie
 */
export async function signInMany(
  { signIn, handleCallback }: Contestant,
  server: BenchServer,
  people: number,
  inFlight = 1,
): Promise<Timed> {
  const visitors = Array.from({ length: people }, () => createVisitor())
  const logins = visitors.map((visitor) => visitor.request(`${ORIGIN}/login`))
  const [responses, signIns] = await timed(logins, inFlight, signIn)

  const callbacks: Request[] = []
  for (const [index, { headers }] of responses.entries()) {
    const visitor = visitors[index]!
    visitor.receive(headers)
    callbacks.push(visitor.request(await server.authorize(headers.get('location') ?? '')))
  }
  const [results, redeemed] = await timed(callbacks, inFlight, handleCallback)

  for (const [index, { subject, headers }] of results.entries()) {
    const visitor = visitors[index]!
    visitor.receive(headers)
    if (subject !== 'ada') throw new Error('Nobody is signed in')
    if (visitor.cookies.size) throw new Error('A cookie stayed behind')
  }
  return {
    signInMs: signIns.ms,
    callbackMs: redeemed.ms,
    processorMs: signIns.processorMs + redeemed.processorMs,
  }
}

async function timed<In, Out>(inputs: readonly In[], inFlight: number, work: (input: In) => Promise<Out>) {
  const results: Out[] = []
  let next = 0
  const processor = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < inputs.length) {
        const index = next++
        results[index] = await work(inputs[index]!)
      }
    }),
  )
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(processor)
  return [results, { ms, processorMs: (user + system) / 1000 }] as const
}
