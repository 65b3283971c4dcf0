/**
 * What the session costs: `getAccessToken()` with a valid token, next to an async function that gives a constant, in one
 * process; and the bytes of what apps ship, next to what was recorded of them.
 *
 * `npm run bench:session`
 */
import { createSessionClient } from '../../src/index.js'
import { createServer } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { measureSizes, recordedSizes, sizeDifferences } from './sizes.js'
import { median } from './statistics.js'
import { textTable } from './table.js'

const ROUNDS = 51
const CALLS = 20_000

async function microsecondsPerCall(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let count = 0; count < CALLS; count++) await call()
  return ((performance.now() - start) * 1000) / CALLS
}

async function speed() {
  const server = createServer()
  const userAgent = travelBy((url) => server.visit(url))
  const auth = createSessionClient({
    issuer: server.issuer,
    clientId: 'bench',
    redirectUri: 'https://app.example/callback',
    scope: 'openid',
    fetch: server.fetch,
    userAgent,
  })
  await auth.signIn()
  const token = await auth.getAccessToken()
  const constant = async () => token
  const samples: { floor: number; own: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    samples.push({
      floor: await microsecondsPerCall(constant),
      own: await microsecondsPerCall(() => auth.getAccessToken()),
    })
  }
  auth.close()
  return { floor: median(samples.map(({ floor }) => floor)), own: median(samples.map(({ own }) => own)) }
}

const { floor, own } = await speed()
console.log(
  `getAccessToken() with a valid token: ${own.toFixed(2)} µs, ${(own / floor).toFixed(1)}× an async constant (${floor.toFixed(2)} µs)`,
)
console.log(`medians of ${ROUNDS} rounds of ${CALLS} calls, Node ${process.versions.node}\n`)

console.log(textTable(sizeDifferences(recordedSizes(), await measureSizes())))
