import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { windowedOptions } from '../helpers/chromium.js'

export interface RunningBrowser {
  readonly context: BrowserContext
  readonly version: string
  close(): Promise<void>
}

/** Starts Chromium with a profile on disk: a private window's IndexedDB lives in memory and would flatter. */
export async function startBrowser(): Promise<RunningBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'proofkey-bench-'))
  const context = await chromium.launchPersistentContext(profile, windowedOptions())
  context.setDefaultTimeout(15_000)
  return {
    context,
    version: context.browser()?.version() ?? 'of unknown version',
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
