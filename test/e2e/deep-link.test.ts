import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { useBrowser } from './browser.js'
import { LINKS, nativeSite } from './native-site.js'
import type { Outcome } from './page.js'
import { createPhone, linkAfter, type Phone, signInInTab } from './phone.js'
import { findSecret, watch } from './sweep.js'

const browser = useBrowser(nativeSite)
let webView: BrowserContext
let systemBrowser: BrowserContext
let phone: Phone
let page: Page
let tokenRequests: string[]

beforeEach(async () => {
  webView = await browser.newContext()
  systemBrowser = await browser.newContext()
  phone = await createPhone(webView, systemBrowser, browser.url)
  page = await phone.start()
  tokenRequests = []
  webView.on('request', (request) => {
    if (request.method() === 'POST') tokenRequests.push(request.url())
  })
})

const ADA: Outcome = { sub: 'ada', returnTo: '/inbox' }

/** Starts a sign-in, and waits for the tab only. */
async function leave(): Promise<{ tab: Page; outcome: Promise<Outcome> }> {
  const outcome = page.evaluate(() => native.signIn({ returnTo: '/inbox' }))
  // The page may end before there is one.
  outcome.catch(() => {})
  return { tab: await phone.tab(), outcome }
}

/** Starts a sign-in and finishes it at the server. @returns the link back to the app */
async function travel(): Promise<{ link: string; outcome: Promise<Outcome> }> {
  const { tab, outcome } = await leave()
  return { link: await signInInTab(tab), outcome }
}

const handle = (url?: string, on = page) => on.evaluate((url) => native.handleCallback({ url }), url)

/** What an app does when it starts: it asks for the URL it was launched with. */
const handleLaunch = (on: Page) => on.evaluate(async () => native.handleCallback({ url: await links.launchUrl() }))

/** The same sign-in, with a part of its link replaced. */
const swap = (link: string, part: string, other: string) => {
  expect(link).toContain(part)
  return link.replace(part, other)
}

describe('a person who leaves an app for the system’s browser', () => {
  it('signs in; the tab is closed, and nothing listens any more', async () => {
    const { link, outcome } = await travel()
    expect(link).toMatch(/^com\.example\.proofkey:\/callback\?code=/)
    expect(phone.listeners()).toBe(2)
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
    expect(tokenRequests).toEqual([`${browser.issuer}/token`])
    expect(phone.opened).toHaveLength(1)
    expect(page.url()).toBe(`${browser.url}/`)
    await expect.poll(() => systemBrowser.pages()).toEqual([])
    await expect.poll(() => phone.listeners()).toBe(0)
  })

  it('signs in, though the system ended the app meanwhile', async () => {
    const { link } = await travel()
    await phone.kill()
    await phone.open(link)
    const restarted = await phone.page()
    expect(await handleLaunch(restarted)).toEqual(ADA)
    expect(tokenRequests).toHaveLength(1)
    expect(await restarted.evaluate(() => native.events)).toContain('sign_in_completed')
  })

  it('signs in, though the system loaded the page anew meanwhile', async () => {
    const { link } = await travel()
    await phone.reload()
    const outcome = page.evaluate(
      () => new Promise<Outcome>((resolve) => void links.onUrl((url) => resolve(native.handleCallback({ url })))),
    )
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
  })

  it('says no', async () => {
    const { tab, outcome } = await leave()
    await phone.open(await linkAfter(tab, 'a:has-text("Cancel")'))
    expect(await outcome).toHaveProperty('code', 'access_denied')
    expect(tokenRequests).toEqual([])
  })

  it('loses the network, and the same link works later', async () => {
    const { link, outcome } = await travel()
    await webView.route('**/token', (route) => route.abort('internetdisconnected'))
    await phone.open(link)
    expect(await outcome).toMatchObject({ code: 'network_error', retryable: true })
    await webView.unroute('**/token')
    expect(await handle(link)).toEqual(ADA)
  })

  it('starts the app without a link: nothing happens', async () => {
    expect(await handleLaunch(page)).toEqual({ nothing: true })
    expect(await page.evaluate(() => native.events)).toEqual([])
  })
})

describe('a link that is delivered twice', () => {
  it('at a launch, as launch URL and as event: one request, one result', async () => {
    const { link } = await travel()
    await phone.kill()
    await phone.open(link)
    const restarted = await phone.page()
    const both = await restarted.evaluate(async () => {
      const heard = new Promise<Outcome>((resolve) => {
        void links.onUrl((url) => resolve(native.handleCallback({ url })))
      })
      return [await native.handleCallback({ url: await links.launchUrl() }), await heard]
    })
    expect(both).toEqual([ADA, ADA])
    expect(tokenRequests).toHaveLength(1)
  })

  it('at a launch, the second time to the next sign-in, which leaves it alone', async () => {
    const { link } = await travel()
    await phone.kill()
    await phone.open(link)
    page = await phone.page()
    expect(await handleLaunch(page)).toEqual(ADA)
    // It is the first to listen, and so hears what was kept for it.
    const { tab, outcome } = await leave()
    await phone.open(await linkAfter(tab, '[type=submit]'))
    expect(await outcome).toEqual(ADA)
    expect(tokenRequests).toHaveLength(2)
  })

  it('as event, twice: one request, one result', async () => {
    const { link, outcome } = await travel()
    await Promise.all([phone.open(link), phone.open(link)])
    expect(await outcome).toEqual(ADA)
    await phone.open(link)
    expect(tokenRequests).toHaveLength(1)
  })

  it('to the sign-in and to the app’s own listener: one request, the same result', async () => {
    const { link, outcome } = await travel()
    const heard = page.evaluate(
      () => new Promise<Outcome>((resolve) => void links.onUrl((url) => resolve(native.handleCallback({ url })))),
    )
    await expect.poll(() => phone.listeners()).toBe(3)
    await phone.open(link)
    expect(await Promise.all([outcome, heard])).toEqual([ADA, ADA])
    expect(tokenRequests).toHaveLength(1)
  })

  it('again at a later start: it was used before', async () => {
    const { link, outcome } = await travel()
    await phone.open(link)
    await outcome
    await phone.kill()
    await phone.open(link)
    expect(await handleLaunch(await phone.page())).toHaveProperty('code', 'already_completed')
    expect(tokenRequests).toHaveLength(1)
  })
})

describe('a link that is not the awaited one', () => {
  it('is left alone, and the sign-in goes on', async () => {
    const { link, outcome } = await travel()
    const foreign = [
      'com.example.proofkey:/other',
      swap(link, ':/callback', ':/other'),
      swap(link, ':/callback', ':/callback/'),
      swap(link, ':/callback', '://callback'),
      swap(link, ':/callback', ':callback'),
      swap(link, 'com.example.proofkey', 'com.other'),
      swap(link, 'com.example.proofkey:', browser.url),
      swap(link, 'com.example.proofkey:', 'https://app.example.com'),
      swap(link, 'state=', 'state=1'),
      swap(link, 'state=', 'x='),
      'com.example.proofkey:/callback',
      'com.example.proofkey:/callback?code=x',
      'not a URL',
      '',
    ]
    for (const url of foreign) await phone.open(url)
    // Long enough for a token request.
    await page.waitForTimeout(200)
    expect(tokenRequests).toEqual([])
    expect(phone.listeners()).toBe(2)
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
    expect(tokenRequests).toHaveLength(1)
  })

  it.each([
    ['com.example.proofkey:/other', { nothing: true }],
    ['com.example.proofkey:/other?code=x&state=y', { nothing: true }],
    ['com.example.proofkey:/callback', { nothing: true }],
    ['com.example.proofkey:/callback?code=x&state=y', { nothing: true }],
    ['com.example.proofkey:/callback?error=access_denied', { code: 'unknown_state' }],
  ])('at a launch: %s', async (url, expected) => {
    await phone.kill()
    await phone.open(url)
    expect(await handleLaunch(await phone.page())).toMatchObject(expected)
    expect(tokenRequests).toEqual([])
  })

  it('was stolen on another device: neither a launch nor a sign-in takes it', async () => {
    const { link, outcome } = await travel()
    const [otherView, otherBrowser] = [await browser.newContext(), await browser.newContext()]
    const thief = await createPhone(otherView, otherBrowser, browser.url)
    const requests: string[] = []
    otherView.on('request', (request) => request.method() === 'POST' && requests.push(request.url()))
    await thief.open(link)
    const there = await thief.page()
    expect(await handleLaunch(there)).toHaveProperty('code', 'unknown_state')
    const theirs = there.evaluate(() => native.signIn())
    await thief.tab()
    await thief.open(link)
    await thief.tellClosed()
    expect(await theirs).toHaveProperty('code', 'cancelled')
    expect(requests).toEqual([])
    // It was the link, and nothing was burned by the attempt.
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
  })
})

describe('the two forms of a custom scheme’s redirect URI', () => {
  it.each([
    [LINKS[0], LINKS[1]],
    [LINKS[1], LINKS[0]],
  ])('%s is matched exactly, and not by %s', async (redirectUri, other) => {
    const outcome = page.evaluate(
      (redirectUri) => native.as({ redirectUri }).signIn({ returnTo: '/inbox' }),
      redirectUri,
    )
    const link = await signInInTab(await phone.tab())
    expect(link.split('?')[0]).toBe(redirectUri)
    await phone.open(swap(link, redirectUri, other))
    await page.waitForTimeout(200)
    expect(tokenRequests).toEqual([])
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
  })

  it('where the app was ended too', async () => {
    const { link } = await travel()
    await phone.kill()
    await phone.open(swap(link, LINKS[0], LINKS[1]))
    expect(await handleLaunch(await phone.page())).toHaveProperty('code', 'redirect_uri_mismatch')
    expect(tokenRequests).toEqual([])
  })
})

describe('a tab that is closed', () => {
  it('by the person: the sign-in is cancelled, and nothing listens any more', async () => {
    const { outcome } = await leave()
    await phone.tellClosed()
    expect(await outcome).toHaveProperty('code', 'cancelled')
    await expect.poll(() => phone.listeners()).toBe(0)
  })

  it('just before its link comes: the sign-in is complete', async () => {
    const { link, outcome } = await travel()
    await phone.tellClosed()
    await page.waitForTimeout(900)
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
  })

  // Capacitor's plugin says so on Android when the person looks up a code in another app.
  it('as it seems, while the person is not back in the app: the sign-in goes on', async () => {
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }))
    const { link, outcome } = await travel()
    await phone.tellClosed()
    await page.waitForTimeout(2500)
    expect(phone.listeners()).toBe(2)
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: false }))
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
  })

  it('as it seems, and the link comes late: the app may still finish with it', async () => {
    const { link, outcome } = await travel()
    await phone.tellClosed()
    expect(await outcome).toHaveProperty('code', 'cancelled')
    expect(await handle(link)).toEqual(ADA)
  })
})

describe('inside the app’s own WebView', () => {
  it.each(['redirect', 'popup'] as const)('%s() is refused, and nothing is opened', async (agent) => {
    const pages = webView.pages().length
    const outcome = await page.evaluate(
      (agent) => app.as({ redirectUri: `${location.origin}/callback`, userAgent: library[agent]() }).signIn(),
      agent,
    )
    expect(outcome).toHaveProperty('code', 'embedded_webview')
    expect(page.url()).toBe(`${browser.url}/`)
    expect(webView.pages()).toHaveLength(pages)
    expect(phone.opened).toEqual([])
  })

  it('is refused where the redirect URI is the app’s link', async () => {
    const outcome = await page.evaluate(() => native.signIn({ userAgent: library.redirect() }))
    expect(outcome).toHaveProperty('code', 'embedded_webview')
  })

  it('goes on only by the switch that says so', async () => {
    await page.evaluate(() => {
      const userAgent = library.redirect({ embedded: library.allowEmbeddedWebView })
      void native.as({ redirectUri: `${location.origin}/callback`, userAgent }).signIn()
    })
    await page.waitForURL((url) => url.origin === browser.issuer)
  })

  it('is no matter on the web, where Capacitor runs too', async () => {
    const web = await (await browser.newContext()).newPage()
    await web.goto(browser.url)
    await web.evaluate(
      () => void native.as({ redirectUri: `${location.origin}/callback`, userAgent: undefined }).signIn(),
    )
    await web.waitForURL((url) => url.origin === browser.issuer)
  })
})

describe('a WebView that cannot keep the sign-in', () => {
  it('IndexedDB is broken: it waits in memory, and says so', async () => {
    await webView.addInitScript(() =>
      Object.defineProperty(globalThis, 'indexedDB', {
        get: () => {
          throw new DOMException('blocked', 'SecurityError')
        },
      }),
    )
    await phone.reload()
    const { link, outcome } = await travel()
    expect(await page.evaluate(() => native.events)).toContain('vault_replaced')
    await phone.open(link)
    expect(await outcome).toEqual(ADA)
    // What was in memory is gone with the app.
    const again = await leave()
    const second = await linkAfter(again.tab, '[type=submit]')
    await phone.kill()
    await phone.open(second)
    expect(await handleLaunch(await phone.page())).toHaveProperty('code', 'storage_unavailable')
  })

  it('WebCrypto is missing: it says so, and opens nothing', async () => {
    await webView.addInitScript(() => Object.defineProperty(crypto, 'subtle', { value: undefined }))
    await phone.reload()
    expect(await page.evaluate(() => native.signIn())).toHaveProperty('code', 'insecure_context')
    expect(phone.opened).toEqual([])
    expect(phone.listeners()).toBe(0)
  })
})

describe('the verifier', () => {
  it('is nowhere but in the body of the one token request', async () => {
    const inApp = watch(webView)
    const inBrowser = watch(systemBrowser)
    const { link } = await travel()
    await inApp.collect(page)
    await phone.kill()
    await phone.open(link)
    const restarted = await phone.page()
    await inApp.collect(restarted)
    expect(await handleLaunch(restarted)).toEqual(ADA)
    await inApp.collect(restarted)

    expect(inApp.tokenRequests).toHaveLength(1)
    const sent = new URLSearchParams(inApp.tokenRequests[0])
    const traces = [...inApp.traces, ...inBrowser.traces, ...phone.opened, link]
    const verifier = sent.get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[\w-]{43}$/)
    expect(findSecret(traces, verifier)).toEqual([])
    // The same eyes see what is there, and the code, which is in the link, is in no place of the app.
    expect(traces.join()).toContain('"extractable":false')
    expect(traces.join()).toContain('code_challenge=')
    expect(findSecret(inBrowser.traces, sent.get('code') ?? '')).not.toEqual([])
    expect(findSecret(inApp.traces, sent.get('code') ?? '')).toEqual([])
  })
})
