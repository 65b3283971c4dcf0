import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { ProofkeyError } from '../../errors.js'
import type { Arrival, AuditBrowser, Visit } from './browser.js'
import { DEFAULT_REDIRECT_URI } from './loopback.js'

/** Options of {@link playwrightBrowser}. */
export interface PlaywrightBrowserOptions {
  /** The issuer that is audited: its own pages are never taken for a redirect URI. */
  readonly issuer: string
  /** The registered redirect URI; nothing needs to listen there. Default `http://127.0.0.1:8765/callback`. */
  readonly redirectUri?: string | undefined
  /**
   * Answers the pages that the server shows: it is called with a Page of `playwright-core`, for each page again until the
   * server sends the browser back. Without it, the session of `storageState` must do.
   */
  // biome-ignore lint/suspicious/noExplicitAny: with the type of Page, everyone who uses this package would need playwright-core
  readonly signIn?: ((page: any) => unknown) | undefined
  /** A file with cookies and storage, as Playwright's `context.storageState()` writes it. */
  readonly storageState?: string | undefined
  /** The Chromium to start. Default: that of Playwright, or else Chrome. */
  readonly executablePath?: string | undefined
}

/** How often the sign-in function is called in one visit: a login page, a consent page, and what lies between. */
const MAX_PAGES = 5
const LOAD_MS = 30_000
/** What a page does by itself after it has loaded, for example a form that submits itself. */
const SETTLE_MS = 2_000

/**
 * A Chromium of its own, driven by Playwright, for CI. No request to a redirect URI leaves it: it sees answers at any of them.
 * @throws `config_invalid` if `playwright-core` is not installed or no browser starts
 * @example
 * ```ts
 * import { playwrightBrowser } from 'proofkey/audit'
 *
 * const browser = await playwrightBrowser({ issuer: 'https://login.example.com', storageState: 'signed-in.json' })
 * ```
 */
export async function playwrightBrowser(options: PlaywrightBrowserOptions): Promise<AuditBrowser> {
  const { redirectUri = DEFAULT_REDIRECT_URI, signIn } = options
  const { browser, context } = await start(options)
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  let expected: { visit: Visit; state: string | null; arrive: (arrival: Arrival) => void } | undefined
  const issuerOrigin = new URL(options.issuer).origin

  /** Whether a navigation leads to a redirect URI, the right one or another. */
  function isCallback(url: URL): boolean {
    if (!expected) return false
    const uris = [expected.visit.redirectUri, redirectUri].filter((uri) => URL.canParse(uri)).map((uri) => new URL(uri))
    if (uris.some((uri) => uri.host === url.host && uri.protocol === url.protocol && uri.pathname === url.pathname))
      return true
    if (url.origin === issuerOrigin && url.protocol.startsWith('http')) return false
    if (uris.some((uri) => uri.host === url.host && uri.protocol === url.protocol)) return true
    const { searchParams } = url
    const isAnswer = searchParams.has('code') || searchParams.has('error')
    return isAnswer && !!expected.state && searchParams.get('state') === expected.state
  }

  await stopAtCallbacks(session, isCallback, (url, parameters) => expected?.arrive({ at: 'callback', url, parameters }))
  // A redirect to a scheme of an app is no request: it is seen in the response only.
  page.on('response', (response) => {
    const location = response.headers()['location']
    const url = location && URL.canParse(location, response.url()) ? new URL(location, response.url()) : undefined
    if (!url || /^https?:$/.test(url.protocol) || !isCallback(url)) return
    const fragment = url.hash.slice(1)
    expected?.arrive({ at: 'callback', url, parameters: fragment ? new URLSearchParams(fragment) : url.searchParams })
  })

  async function travel(url: URL, { expectsRefusal, staysThere }: Visit, arrived: Promise<Arrival>): Promise<Arrival> {
    const first = await Promise.race([arrived, load(page, url)])
    if ('at' in first) return first
    const shown = (): Arrival => ({ at: 'page', status: first.status, url: page.url() })
    const isOver = staysThere || (first.status ?? 0) >= 400 || !(await goesOn(page))
    const early = await Promise.race([arrived, settled(isOver ? 0 : SETTLE_MS, page)])
    if (early) return early
    if (staysThere || expectsRefusal || !signIn || ((first.status ?? 0) >= 400 && first.status !== 401)) return shown()
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const failure = await Promise.race([arrived, answerPage(signIn, page)])
      if (failure) return failure
      const later = await Promise.race([arrived, settled(SETTLE_MS, page)])
      if (later) return later
    }
    return { at: 'unknown', why: `the sign-in did not come to an end after ${MAX_PAGES} pages` }
  }

  return {
    redirectUri,
    observes: () => true,
    async visit(url, visit) {
      visit.signal.throwIfAborted()
      let stop = () => {}
      try {
        return await new Promise<Arrival>((resolve, reject) => {
          stop = () => reject(visit.signal.reason)
          visit.signal.addEventListener('abort', stop, { once: true })
          const arrived = new Promise<Arrival>((arrive) => {
            expected = { visit, state: url.searchParams.get('state'), arrive }
          })
          travel(url, visit, arrived).then(resolve, (error: Error) =>
            resolve({ at: 'unknown', why: `the browser could not go on (${error.name})` }),
          )
        })
      } finally {
        visit.signal.removeEventListener('abort', stop)
        expected = undefined
      }
    },
    close: () => browser.close(),
  }
}

/**
 * By the protocol of Chromium's developer tools: Playwright's own routes do not see requests that a redirect leads to.
 */
async function stopAtCallbacks(
  session: CDPSession,
  isCallback: (url: URL) => boolean,
  arrive: (url: URL, parameters: URLSearchParams) => void,
): Promise<void> {
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const url = new URL(`${request.url}${request.urlFragment ?? ''}`)
    if (!isCallback(url)) return void session.send('Fetch.continueRequest', { requestId }).catch(() => {})
    const fragment = url.hash.slice(1)
    const sent = request.method === 'POST' ? (request.postData ?? '') : fragment
    arrive(url, sent ? new URLSearchParams(sent) : url.searchParams)
    const type = { name: 'content-type', value: 'text/html' }
    session.send('Fetch.fulfillRequest', { requestId, responseCode: 200, responseHeaders: [type] }).catch(() => {})
  })
  await session.send('Fetch.enable', { patterns: [{ urlPattern: '*', resourceType: 'Document' }] })
}

async function start({ storageState, executablePath }: PlaywrightBrowserOptions) {
  const { chromium } = await import('playwright-core').catch((cause) => {
    const hint = 'Run npm install -D playwright-core, and npx playwright-core install chromium or set CHROMIUM_PATH.'
    throw new ProofkeyError('config_invalid', 'A sign-in by a script requires the package playwright-core.', hint, {
      cause,
    })
  })
  const ways = executablePath ? [{ executablePath }] : [{}, { channel: 'chrome' }, { channel: 'chromium' }]
  let cause: unknown
  for (const way of ways) {
    try {
      const browser = await chromium.launch(way)
      const context: BrowserContext = await browser
        .newContext(storageState === undefined ? {} : { storageState })
        .catch(async (error) => {
          await browser.close()
          throw new ProofkeyError(
            'config_invalid',
            `The storage state ${storageState} cannot be used.`,
            'Write it with context.storageState().',
            { cause: error },
          )
        })
      context.setDefaultTimeout(LOAD_MS)
      return { browser, context }
    } catch (error) {
      if (error instanceof ProofkeyError) throw error
      cause = error
    }
  }
  const hint = 'Run npx playwright-core install chromium, or set CHROMIUM_PATH to a Chromium or Chrome.'
  throw new ProofkeyError('config_invalid', 'playwright-core found no browser that it can start.', hint, { cause })
}

/** @returns the status of the page that the server shows in the end, if there is one */
async function load(page: Page, url: URL): Promise<{ status?: number | undefined }> {
  try {
    const response = await page.goto(url.href, { timeout: LOAD_MS, waitUntil: 'load' })
    return { status: response?.status() }
  } catch (error) {
    // A redirect to a scheme of an app is no page.
    if (/ERR_ABORTED|ERR_UNKNOWN_URL_SCHEME|interrupted/.test((error as Error).message)) return {}
    throw error
  }
}

/** Whether a page can leave by itself: by a script or a refresh. A page that is just being left does. */
const goesOn = (page: Page): Promise<boolean> =>
  page
    .evaluate("document.querySelector('script, frame, iframe, meta[http-equiv=refresh i], body[onload]') !== null")
    .then(Boolean, () => true)

/** Waits for what a page still does by itself. */
async function settled(ms: number, page: Page): Promise<undefined> {
  await page.waitForLoadState('load', { timeout: LOAD_MS }).catch(() => {})
  if (ms) await new Promise((resolve) => setTimeout(resolve, ms))
}

async function answerPage(signIn: (page: Page) => unknown, page: Page): Promise<Arrival | undefined> {
  try {
    await signIn(page)
    return undefined
  } catch (error) {
    // The first line only: Playwright's log, which follows, can hold what was typed.
    const [line = ''] = `${error instanceof Error ? error.message : error}`.split('\n')
    return { at: 'unknown', why: `the sign-in script failed: ${line.slice(0, 200)}` }
  }
}
