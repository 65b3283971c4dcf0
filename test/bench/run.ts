/**
 * Compares proofkey with other ways to sign a browser app in: the same provider, the same browser, one run, the
 * contestants in rotating order. Prints a report; fails only when a contestant fails to sign in.
 *
 * `npm run bench -- [--rounds 15] [--latency 40] [--markdown]`
 * --latency: the milliseconds of the rows with a network; --markdown: the comparison alone, as it stands in the README
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startApp } from './app.js'
import { type RunningBrowser, startBrowser } from './browser.js'
import { bundleContestants, bundleFile, libraryVersions } from './bundle.js'
import { NAMES } from './contestants/index.js'
import { type BenchProvider, startBenchProvider } from './provider.js'
import { abandonSignIns, type RaceOptions, race } from './race.js'
import { markdown, report } from './report.js'
import type { Results } from './results.js'
import { measureSizes } from './sizes.js'
import { signInAtProvider } from './visit.js'

const ABANDONED_SIGN_INS = 1000
const CLIENT_ID = 'bench'
const local = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    latency: { type: 'string', default: '40' },
    markdown: { type: 'boolean', default: false },
  },
})
const rounds = wholeNumber('rounds')
const latencyMs = wholeNumber('latency')

function wholeNumber(name: 'rounds' | 'latency'): number {
  const number = Number(options[name])
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`--${name} takes a whole number above 0`)
}

async function measure(): Promise<Results> {
  const bundles = await bundleContestants()
  const scripts = new Map(NAMES.map((name) => [`${name}/contestant.js`, bundles[name].text]))
  scripts.set('harness.js', (await bundleFile(local('./page/harness.ts'))).text)
  scripts.set('abandoned.js', (await bundleFile(local('./page/abandoned.ts'))).text)

  let provider: BenchProvider | undefined
  let browser: RunningBrowser | undefined
  const app = await startApp(scripts, (origin) => ({
    issuer: provider?.issuer,
    clientId: CLIENT_ID,
    redirectUri: `${origin}/callback`,
    scope: 'openid profile',
  }))
  try {
    provider = await startBenchProvider(
      CLIENT_ID,
      NAMES.map((name) => `${app.origin(name)}/callback`),
    )
    browser = await startBrowser()
    await signInAtProvider(browser.context, app.origin('proofkey'))
    const { context } = browser
    const server = provider
    const run = (options: Partial<RaceOptions>) =>
      race(context, app, server, { rounds: Math.ceil(rounds / 2), latencyMs: 0, traced: false, ...options })
    const visits = await run({ rounds })
    const distant = await run({ latencyMs })
    const traced = await run({ traced: true })
    const store = await abandonSignIns(context, app, ABANDONED_SIGN_INS)
    return {
      conditions: { rounds, latencyMs, chromium: browser.version, libraries: await libraryVersions() },
      sizes: await measureSizes(),
      visits,
      distant,
      traced,
      abandoned: { signIns: ABANDONED_SIGN_INS, store },
    }
  } finally {
    await browser?.close()
    await provider?.close()
    await app.close()
  }
}

const results = await measure()
console.log(options.markdown ? markdown(results) : report(results))
