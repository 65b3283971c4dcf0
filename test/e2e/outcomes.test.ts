import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { bareSite, signInAtProvider, useBrowser } from './browser.js'

const browser = useBrowser(bareSite)
let context: BrowserContext
let page: Page
let callback: string

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  callback = browser.callback
})

/** Leaves for the provider and comes back; the callback page has done nothing yet. @returns the callback URL */
async function travel(on = page, from = '/'): Promise<string> {
  await on.goto(browser.url + from)
  const arrived = on.waitForURL((url) => url.origin === browser.issuer || url.href.startsWith(callback))
  await on.evaluate(() => void app.signIn({ returnTo: '/inbox' }))
  await arrived
  if (!on.url().startsWith(callback)) {
    await on.waitForLoadState()
    if (!on.url().startsWith(callback)) await signInAtProvider(on, callback)
  }
  await on.waitForLoadState()
  return on.url()
}

const handle = (on = page) => on.evaluate(() => app.handleCallback())
const tokenRequests = (on: Page) => {
  const seen: string[] = []
  on.on('request', (request) => {
    if (request.method() === 'POST' && request.url() === `${browser.issuer}/token`) seen.push(request.url())
  })
  return seen
}

describe('a person', () => {
  it('signs in, and the URL is clean', async () => {
    await travel()
    expect(await handle()).toEqual({ sub: 'ada', returnTo: '/inbox' })
    expect(page.url()).toBe(callback)
  })

  it('opens another page: nothing happens', async () => {
    await page.goto(`${browser.url}/elsewhere`)
    expect(await handle()).toEqual({ nothing: true })
    expect(await page.evaluate(() => app.events)).toEqual([])
  })

  it('meets a component that handles the callback twice (StrictMode)', async () => {
    await travel()
    const requests = tokenRequests(page)
    const both = await page.evaluate(() => Promise.all([app.handleCallback(), app.handleCallback()]))
    expect(both).toEqual([both[0], both[0]])
    expect(both[0]).toHaveProperty('sub', 'ada')
    expect(requests).toHaveLength(1)
  })

  it('reloads after the sign-in: nothing happens', async () => {
    await travel()
    await handle()
    await page.reload()
    expect(await handle()).toEqual({ nothing: true })
  })

  it('goes Back to the callback: the URL in the history is clean', async () => {
    await travel()
    await handle()
    await page.goto(`${browser.url}/inbox`)
    await page.goBack()
    expect(page.url()).toBe(callback)
    expect(await handle()).toEqual({ nothing: true })
  })

  it('opens a bookmark of the callback', async () => {
    const bookmark = await travel()
    await handle()
    await page.goto(bookmark)
    expect(await handle()).toHaveProperty('code', 'already_completed')
    expect(page.url()).toBe(callback)
  })

  it('has the callback in two tabs at once: one sign-in, one request', async () => {
    const url = await travel()
    const other = await context.newPage()
    await other.goto(url)
    const requests = [tokenRequests(page), tokenRequests(other)]
    const outcomes = await Promise.all([handle(page), handle(other)])
    expect(outcomes.map(({ sub, code }) => sub ?? code).sort()).toEqual(['ada', 'already_completed'])
    expect(requests.flat()).toHaveLength(1)
  })

  it('signs in in two tabs at once: both succeed', async () => {
    const other = await context.newPage()
    await travel(page)
    await travel(other)
    expect(await handle(other)).toHaveProperty('sub', 'ada')
    expect(await handle(page)).toHaveProperty('sub', 'ada')
  })

  it('follows a link with somebody else’s code and state', async () => {
    const stranger = await browser.newContext()
    const link = await travel(await stranger.newPage())
    await page.goto(link)
    const requests = tokenRequests(page)
    expect(await handle()).toHaveProperty('code', 'unknown_state')
    expect(page.url()).toBe(callback)
    expect(requests).toEqual([])
  })

  it('says no', async () => {
    await page.goto(browser.url)
    await page.evaluate(() => void app.signIn())
    await page.locator('a:has-text("Cancel")').click()
    await page.waitForURL((url) => url.href.startsWith(callback))
    expect(await handle()).toHaveProperty('code', 'access_denied')
  })

  it('takes too long', async () => {
    const url = await travel()
    await page.clock.setFixedTime(Date.now() + 601_000)
    await page.goto(url)
    expect(await handle()).toHaveProperty('code', 'expired')
  })

  it('loses the network, reloads, and is signed in', async () => {
    const url = await travel()
    await context.route('**/token', (route) => route.abort('internetdisconnected'))
    expect(await handle()).toMatchObject({ code: 'network_error', retryable: true })
    expect(page.url()).toBe(url)
    await context.unroute('**/token')
    await page.reload()
    expect(await handle()).toHaveProperty('sub', 'ada')
  })

  it('waits for a server that does not answer, and is told so', async () => {
    const url = await travel()
    await context.route('**/token', () => {})
    const outcome = await page.evaluate(() => app.as({ timeoutSeconds: 0.3 }).handleCallback())
    expect(outcome).toMatchObject({ code: 'timeout', retryable: true })
    expect(page.url()).toBe(url)
    await context.unroute('**/token')
    expect(await handle()).toHaveProperty('sub', 'ada')
  })

  it('loses their storage while they are away', async () => {
    await travel()
    const session = await context.newCDPSession(page)
    await session.send('Storage.clearDataForOrigin', { origin: browser.url, storageTypes: 'all' })
    expect(await handle()).toHaveProperty('code', 'unknown_state')
  })

  it('loses the network, and a retry on the same page works', async () => {
    await travel()
    await context.route('**/token', (route) => route.abort('internetdisconnected'))
    expect(await handle()).toHaveProperty('code', 'network_error')
    await context.unroute('**/token')
    expect(await handle()).toHaveProperty('sub', 'ada')
    expect(page.url()).toBe(callback)
  })

  it('comes back to the page that sent them away', async () => {
    await page.goto(browser.url)
    await page.evaluate(() => void app.signIn())
    await page.waitForURL((url) => url.origin === browser.issuer)
    await page.goBack()
    expect(await page.evaluate(() => app.handleCallback())).toEqual({ nothing: true })
    await travel()
    expect(await handle()).toHaveProperty('sub', 'ada')
  })
})

describe('another client of the origin', () => {
  it('says whose callback it is not, and leaves it to its own', async () => {
    const url = await travel()
    expect(await page.evaluate(() => app.as({ clientId: 'second' }).handleCallback())).toHaveProperty(
      'code',
      'other_client',
    )
    expect(page.url()).toBe(url)
    expect(await handle()).toHaveProperty('sub', 'ada')
  })
})

describe('a callback that was changed', () => {
  it.each([
    ['iss', (url: URL) => url.searchParams.delete('iss'), 'callback_issuer_mismatch'],
    [
      'path',
      (url: URL) => url.pathname.length && Object.assign(url, { pathname: '/app/callback' }),
      'redirect_uri_mismatch',
    ],
  ])('in its %s', async (_, change, code) => {
    const url = new URL(await travel())
    change(url)
    await page.goto(url.href)
    expect(await handle()).toHaveProperty('code', code)
  })
})

describe('a callback whose state is not of this app', () => {
  it('is none: nothing is done, and the sign-in is still pending', async () => {
    const url = await travel()
    const changed = new URL(url)
    changed.searchParams.set('state', 'x')
    await page.goto(changed.href)
    expect(await handle()).toEqual({ nothing: true })
    await page.goto(url)
    expect(await handle()).toHaveProperty('sub', 'ada')
  })
})

describe('a code that was injected', () => {
  it('though real and unused, is worth nothing without its own verifier', async () => {
    const stranger = await browser.newContext()
    const stolen = new URL(await travel(await stranger.newPage())).searchParams.get('code') ?? ''
    const url = new URL(await travel())
    url.searchParams.set('code', stolen)
    await page.goto(url.href)
    const requests = tokenRequests(page)
    expect(await handle()).toHaveProperty('code', 'token_request_refused')
    expect(requests).toHaveLength(1)
  })
})

describe('a token endpoint that redirects', () => {
  it('is not followed', async () => {
    await travel()
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    const headers = { location: `${browser.issuer}/elsewhere`, 'access-control-allow-origin': browser.url }
    await context.route('**/token', (route) => route.fulfill({ status: 307, headers }))
    expect(await handle()).toMatchObject({ code: 'response_refused', retryable: false })
    expect(requests.filter((url) => url.includes('elsewhere'))).toEqual([])
  })
})

describe('a browser that cannot keep the sign-in', () => {
  it('stays on the page and says why: IndexedDB blocked', async () => {
    await page.addInitScript(() =>
      Object.defineProperty(globalThis, 'indexedDB', {
        get: () => {
          throw new DOMException('blocked', 'SecurityError')
        },
      }),
    )
    await page.goto(browser.url)
    expect(await page.evaluate(() => app.signIn())).toHaveProperty('code', 'storage_unavailable')
    expect(page.url()).toBe(`${browser.url}/`)
  })

  it('stays on the page and says why: no WebCrypto, as on an insecure origin', async () => {
    await page.addInitScript(() => Object.defineProperty(crypto, 'subtle', { value: undefined }))
    await page.goto(browser.url)
    expect(await page.evaluate(() => app.signIn())).toHaveProperty('code', 'insecure_context')
    expect(page.url()).toBe(`${browser.url}/`)
  })

  it('stays on the page and says why: another origin than the redirect URI’s', async () => {
    await page.goto(browser.url)
    const outcome = await page.evaluate(() => app.as({ redirectUri: 'http://127.0.0.1:9/callback' }).signIn())
    expect(outcome).toHaveProperty('code', 'redirect_uri_mismatch')
    expect(page.url()).toBe(`${browser.url}/`)
  })
})
