import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { startFirefox } from '../helpers/firefox.js'
import { openSession } from './bidi.js'
import { startChromium } from './real-browser.js'
import { createTab, type Tab, until } from './tab.js'
import { startWebKitWithProfile } from './webkit.js'

/** A browser as a person has it: one profile, which outlives a restart. */
export interface Engine {
  newTab(): Promise<Tab>
  /** All tabs and windows, also those that pages have opened. */
  tabs(): Promise<Tab[]>
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface EngineOptions {
  /** A private window: nothing outlives it. */
  readonly isPrivate?: boolean
}

/** A browser that is started anew with what is left of it. */
async function restartable(start: (profile: string) => Promise<Omit<Engine, 'restart'>>): Promise<Engine> {
  const profile = mkdtempSync(join(tmpdir(), 'proofkey-profile-'))
  let running = await start(profile)
  return {
    newTab: () => running.newTab(),
    tabs: () => running.tabs(),
    async restart() {
      await running.stop()
      running = await start(profile)
    },
    async stop() {
      await running.stop()
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

function tabOf(page: Page): Tab {
  return {
    context: '',
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    back: async () => void (await page.goBack({ waitUntil: 'commit' })),
    url: async () => page.url(),
    arrive: (start) =>
      until(start, async () => {
        const [url = '', state] = await page.evaluate(() => [location.href, document.readyState])
        return state === 'complete' && url.startsWith(start) ? url : undefined
      }),
    evaluate: async (work, ...given) => {
      const run = `(async () => JSON.stringify(await (${work})(...${JSON.stringify(given)})))()`
      const text = await page.evaluate<string | undefined>(run)
      return text === undefined ? undefined : JSON.parse(text)
    },
    click: (selector) => page.click(selector),
    fill: (selector, text) => page.fill(selector, text),
    close: () => page.close(),
  }
}

const startChromiumEngine = ({ isPrivate = false }: EngineOptions = {}) =>
  restartable(async (profile) => {
    const { address, stop } = await startChromium(undefined, profile)
    // Without Playwright's own settings, which switch off the back/forward cache.
    const browser = await chromium.connectOverCDP(address, { noDefaults: true })
    // What a private window has, is such a context.
    const context = isPrivate ? await browser.newContext() : browser.contexts()[0]!
    return {
      newTab: async () => tabOf(await context.newPage()),
      tabs: async () => context.pages().map(tabOf),
      async stop() {
        await browser.close()
        await stop()
      },
    }
  })

const startFirefoxEngine = (options: EngineOptions = {}) =>
  restartable(async (profile) => {
    const { address, stop } = await startFirefox({ profile, ...options })
    const session = await openSession(address, ['browsingContext.load'])
    return {
      async newTab() {
        const { context } = await session.send<{ context: string }>('browsingContext.create', { type: 'tab' })
        return createTab(session, context)
      },
      async tabs() {
        const { contexts } = await session.send<{ contexts: { context: string }[] }>('browsingContext.getTree')
        return contexts.map(({ context }) => createTab(session, context))
      },
      async stop() {
        session.close()
        await stop()
      },
    }
  })

export const ENGINES: [name: string, start: (options?: EngineOptions) => Promise<Engine>][] = [
  ['Chromium', startChromiumEngine],
  ['Firefox', startFirefoxEngine],
  ['WebKitGTK', startWebKitWithProfile],
]
