/**
 * Compares proofkey with other ways to sign a browser app in: the same provider, the same browser, one run, the
 * contestants in rotating order. Prints a report; fails only when a contestant fails to sign in.
 *
 * `npm run bench -- [--rounds 15] [--markdown]`
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startApp } from './app.js'
import { type RunningBrowser, startBrowser } from './browser.js'
import { bundleContestants, bundleExports, bundleFile } from './bundle.js'
import { NAMES } from './contestants/index.js'
import { type BenchProvider, startBenchProvider } from './provider.js'
import { abandonSignIns, race } from './race.js'
import { markdown, type Results, report } from './report.js'
import { signInAtProvider } from './visit.js'

const ABANDONED_SIGN_INS = 1000
const CLIENT_ID = 'bench'
const local = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, markdown: { type: 'boolean', default: false } },
})
const rounds = Number(options.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number above 0')

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
    const onRound = () => process.stderr.write('.')
    const visits = await race(browser.context, app, provider, { rounds, traced: false, onRound })
    const traced = await race(browser.context, app, provider, { rounds: Math.ceil(rounds / 2), traced: true, onRound })
    const store = await abandonSignIns(browser.context, app, ABANDONED_SIGN_INS)
    process.stderr.write('\n')
    return {
      bundles,
      visits,
      traced,
      client: await bundleExports('createClient', 'src/index.ts'),
      protocol: await bundleExports('beginAuthorization, completeAuthorization', 'src/protocol.ts'),
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
