import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { plainOptions } from '../helpers/chromium.js'
import { PATIENCE_MS } from './tab.js'

const READY_MS = 45_000
const END_MS = 5_000
/** The command to close a window that closes by itself at that moment is never answered. */
const CLOSE_MS = 2_000

/**
 * Starts Chromium as a person would. Playwright's own launch switches off what user agents have to live with: the popup
 * blocker, a focus that moves, and the partitions of what lies in third-party frames.
 * @param preferences as Chromium keeps them in a profile
 * @param kept a profile that outlives it; default: one of its own
 */
export async function startChromium(preferences?: object, kept?: string) {
  const { executablePath, args } = plainOptions()
  const profile = kept ?? mkdtempSync(join(tmpdir(), 'proofkey-chromium-'))
  if (preferences) {
    mkdirSync(join(profile, 'Default'), { recursive: true })
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  }
  const own = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run']
  const child = spawn(executablePath, [...args, ...own, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const ended = once(child, 'exit')

  async function stop(): Promise<void> {
    const timer = setTimeout(end, END_MS)
    child.kill('SIGTERM')
    await ended
    clearTimeout(timer)
    process.off('exit', end)
    if (kept === undefined) rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }

  const address = new Promise<string>((resolve, reject) => {
    let output = ''
    setTimeout(() => reject(new Error(`Chromium did not get ready:\n${output}`)), READY_MS).unref()
    ended.then(() => reject(new Error(`Chromium ended:\n${output}`)), reject)
    child.stderr.on('data', (chunk) => {
      output += chunk
      const found = /DevTools listening on (ws:\S+)\s/.exec(output)?.[1]
      if (found) resolve(found)
    })
  })
  try {
    return { address: await address, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * One such Chromium for all tests of a file; for each test it is as new.
 * @param preferences as Chromium keeps them in a profile
 */
export function startRealBrowser(preferences: () => object = () => ({})) {
  let started: Awaited<ReturnType<typeof startChromium>>
  let browser: Browser
  let context: BrowserContext

  beforeAll(async () => {
    started = await startChromium(preferences())
    // Only the context that it starts with is left as it is.
    browser = await chromium.connectOverCDP(started.address, { noDefaults: true })
    context = browser.contexts()[0]!
    context.setDefaultTimeout(PATIENCE_MS)
  })
  afterEach(async () => {
    const [first, ...others] = context.pages()
    await Promise.all(others.map((page) => Promise.race([page.close(), wait(CLOSE_MS, undefined, { ref: false })])))
    await context.clearCookies()
    const session = await context.newCDPSession(first!)
    for (const origin of origins) await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
    await session.detach()
    origins.clear()
    context.removeAllListeners()
    await context.unrouteAll()
  })
  afterAll(async () => {
    await browser?.close()
    await started?.stop()
  })

  const origins = new Set<string>()
  return {
    get context() {
      return context
    },
    /** A tab in front. @param prepare runs before it loads anything */
    async newPage(url: string, prepare?: (page: Page) => Promise<unknown>): Promise<Page> {
      const page = await context.newPage()
      await prepare?.(page)
      origins.add(new URL(url).origin)
      await page.goto(url)
      await page.bringToFront()
      return page
    },
  }
}
