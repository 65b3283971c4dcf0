/**
 * What the session costs: `getAccessToken()` with a valid token, next to an async function that gives a constant, in one
 * process; and the bytes of each part that an app can add to `createClient`.
 *
 * `npm run bench:session`
 */
import { createSessionClient } from '../../src/index.js'
import { createServer } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { bundleExports, bundleText } from './bundle.js'
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
  const userAgent = travelBy((url) => server.authorize(url))
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

/** Each part with what it is added to: bytes, minified and gzip -9. */
const PARTS: readonly (readonly [what: string, more: string, base: string, atMost: number])[] = [
  ['popup', "export { popup } from './src/index.ts'", 'createClient', 1000],
  ['frame', "export { frame } from './src/index.ts'", 'createClient', 1000],
  ['deepLink', "export { deepLink } from './src/native.ts'", 'createClient', 800],
  ['dpop', "export { dpop } from './src/index.ts'", 'createSessionClient, sealedSessions', 2600],
  ['stepUp', "export { stepUp } from './src/index.ts'", 'createSessionClient, sealedSessions', 500],
]

const { floor, own } = await speed()
console.log(
  `getAccessToken() with a valid token: ${own.toFixed(2)} µs, ${(own / floor).toFixed(1)}× an async constant (${floor.toFixed(2)} µs)`,
)
console.log(`medians of ${ROUNDS} rounds of ${CALLS} calls, Node ${process.versions.node}\n`)

const whole = async (names: string) => (await bundleExports(names, 'src/index.ts')).whole.gzipBytes
const rows = [
  ['createClient', `${await whole('createClient')} B`, ''],
  ['createSessionClient, memory', `${await whole('createSessionClient')} B`, ''],
  ['createSessionClient, sealedSessions', `${await whole('createSessionClient, sealedSessions')} B`, '13500 B'],
]
for (const [what, more, base, atMost] of PARTS) {
  const together = await bundleText(`export { ${base} } from './src/index.ts'; ${more}`)
  rows.push([`  + ${what}`, `${together.gzipBytes - (await whole(base))} B`, `${atMost} B`])
}
const relay = await bundleText("export { relayCallback } from './src/index.ts'")
rows.push(['relayCallback, on a page of its own', `${relay.gzipBytes} B`, ''])
console.log(textTable([['minified, gzip -9', 'size', 'at most'], ...rows]))
