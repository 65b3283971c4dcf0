import type { BrowserContext } from 'playwright-core'
import type { App } from './app.js'
import { CONTESTANTS, forEach, NAMES } from './contestants/index.js'
import type { StoreSize } from './page/abandoned.js'
import type { BenchProvider } from './provider.js'
import type { Visits } from './results.js'
import { forget, type Visit, type VisitOptions, visit } from './visit.js'

const WARM_UP_ROUNDS = 2

export interface RaceOptions extends VisitOptions {
  readonly rounds: number
}

/** Rounds of one visit for each contestant, in an order that shifts by one each time; the first rounds do not count. */
export async function race(
  context: BrowserContext,
  app: App,
  provider: BenchProvider,
  { rounds, ...options }: RaceOptions,
): Promise<Visits> {
  const visits = forEach((): Visit[] => [])
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    for (const turn of NAMES.keys()) {
      const name = NAMES[(turn + round) % NAMES.length]!
      try {
        const result = await visit(context, provider, app.origin(name), options)
        if (round >= WARM_UP_ROUNDS) visits[name].push(result)
      } catch (cause) {
        throw new Error(`${CONTESTANTS[name].title} did not sign in`, { cause })
      }
    }
    // Standard output is for the report.
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return visits
}

/** What proofkey's store holds after sign-ins that nobody finished. */
export async function abandonSignIns(context: BrowserContext, app: App, times: number): Promise<StoreSize> {
  const page = await context.newPage()
  await forget(page, app.origin('proofkey'))
  await page.goto(app.origin('proofkey'))
  const size = await page.evaluate(async ([script, count]) => (await import(script)).abandon(globalThis.setup, count), [
    '/abandoned.js',
    times,
  ] as const)
  await page.close()
  return size
}
