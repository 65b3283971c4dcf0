/**
 * Compares proofkey with other ways to sign a browser app in: the same provider, the same browser, one run, the
 * contestants in rotating order. Prints a report; fails only when a contestant fails to sign in.
 *
 * `npm run bench -- [--rounds 15] [--markdown]`
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { ensureChromium } from '../helpers/chromium.js'
import { type App, startApp } from './app.js'
import { bundleExports, bundleFile } from './bundle.js'
import { CONTESTANTS, forEach, NAMES } from './contestants/index.js'
import type { StoreSize } from './page/abandoned.js'
import { type BenchProvider, startBenchProvider } from './provider.js'
import { markdown, type Results, report } from './report.js'
import { signInAtProvider, type Visit, visit } from './visit.js'

const WARM_UP_ROUNDS = 2
const ABANDONED_SIGN_INS = 1000
const CLIENT_ID = 'bench'
/** Everything is on loopback; no other host is even looked up. */
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost',
]

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, markdown: { type: 'boolean', default: false } },
})
const rounds = Number(options.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number above 0')
/** Standard error, so that the table alone can be sent to a file. */
const say = (text: string) => process.stderr.write(text)

async function measure(): Promise<Results> {
  const bundles = Object.fromEntries(
    await Promise.all(NAMES.map(async (name) => [name, await bundleFile(CONTESTANTS[name].source)])),
  ) as Results['bundles']
  const scripts = new Map(NAMES.map((name) => [`${name}/contestant.js`, bundles[name].text]))
  scripts.set('harness.js', (await bundleFile(fileURLToPath(new URL('./page/harness.ts', import.meta.url)))).text)
  scripts.set('abandoned.js', (await bundleFile(fileURLToPath(new URL('./page/abandoned.ts', import.meta.url)))).text)

  let provider: BenchProvider | undefined
  let browser: Browser | undefined
  const app = await startApp(scripts, (origin) => ({
    issuer: provider?.issuer,
    clientId: CLIENT_ID,
    redirectUri: `${origin}/callback`,
    scope: 'openid profile',
  }))
  try {
    const redirectUris = NAMES.map((name) => `${app.origin(name)}/callback`)
    provider = await startBenchProvider(CLIENT_ID, redirectUris)
    browser = await chromium.launch({ executablePath: ensureChromium(), args: CHROMIUM_FLAGS })
    const visits = await race(browser, app, provider, rounds, false)
    const traced = await race(browser, app, provider, Math.ceil(rounds / 3), true)
    return {
      bundles,
      visits,
      traced,
      client: await bundleExports('createClient', 'src/index.ts'),
      protocol: await bundleExports('beginAuthorization, completeAuthorization', 'src/protocol.ts'),
      abandoned: { signIns: ABANDONED_SIGN_INS, store: await abandon(browser, app) },
    }
  } finally {
    await browser?.close()
    await provider?.close()
    await app.close()
  }
}

/** Rounds of one visit for each contestant, in an order that shifts by one each time; the first rounds do not count. */
async function race(browser: Browser, app: App, provider: BenchProvider, count: number, traced: boolean) {
  const visits = forEach((): Visit[] => [])
  const session = await signInAtProvider(browser, app.origin(NAMES[0]!))
  for (let round = -WARM_UP_ROUNDS; round < count; round++) {
    for (const turn of NAMES.keys()) {
      const name = NAMES[(turn + round + WARM_UP_ROUNDS) % NAMES.length]!
      try {
        const result = await visit(browser, provider, app.origin(name), session, traced)
        if (round >= 0) visits[name].push(result)
      } catch (cause) {
        throw new Error(`${CONTESTANTS[name].title} did not sign in`, { cause })
      }
    }
    say('.')
  }
  say('\n')
  return visits
}

async function abandon(browser: Browser, app: App): Promise<StoreSize> {
  const page = await browser.newPage()
  await page.goto(app.origin('proofkey'))
  return page.evaluate(async ([script, times]) => (await import(script)).abandon(globalThis.setup, times), [
    '/abandoned.js',
    ABANDONED_SIGN_INS,
  ] as const)
}

const results = await measure()
console.log(options.markdown ? markdown(results) : report(results))
