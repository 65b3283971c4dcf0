import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ENGINES, type Engine } from './engines.js'
import type { Outcome } from './page.js'
import { passProvider, type Tab, until } from './tab.js'
import type {} from './travel-page.js'
import { startTravelSite, type TravelSite } from './travel-site.js'

/** Two hosts of one site, so that a frame has the provider's cookies. */
let site: TravelSite
beforeAll(async () => {
  site = await startTravelSite('app.shop.localhost', 'login.shop.localhost')
})
afterAll(() => site?.close())
afterEach(() => {
  Object.assign(site.headers, { app: {}, callback: {}, provider: {} })
})

/** Nothing but the app's own scripts and its provider, and no text becomes a script. */
const strict = () => ({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    `connect-src ${site.issuer}`,
    `frame-src 'self' ${site.issuer}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
})

const PLAIN: readonly (readonly [how: string, headers: () => object])[] = [['as they are', () => ({})]]
const MODES = ENGINES.flatMap(([name, start]) => [
  [name, () => start(), [...PLAIN, ['under a strict policy, with Trusted Types', strict] as const]] as const,
  [`${name}, in a private window`, () => start({ isPrivate: true }), PLAIN] as const,
])

describe.each(MODES)('in %s', (_, start, pages) => {
  let engine: Engine
  let tab: Tab

  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine?.stop())
  beforeEach(async () => {
    tab = await engine.newTab()
  })
  afterEach(() => tab.close().catch(() => {}))

  /** Signs in wherever the provider asks, which it does once; until the app has its result. */
  async function outcome(): Promise<Outcome> {
    return until('the result', async () => {
      const open = await engine.tabs()
      for (const window of open) {
        const isAsked = await window
          .evaluate(() => document.readyState === 'complete' && !!document.querySelector('[name=login]'))
          .catch(() => false)
        if (isAsked) await passProvider(window)
      }
      return tab.evaluate(() => (location.pathname === '/callback' ? travels.attempts[0] : travels.outcomes[0]))
    })
  }

  async function byPopup(): Promise<Outcome> {
    await tab.goto(site.url)
    await tab.click('button')
    return outcome()
  }

  async function byRedirect(): Promise<Outcome> {
    await tab.goto(site.url)
    await tab.evaluate(() => void app.signIn())
    return outcome()
  }

  const byFrame = async (): Promise<Outcome> => {
    await tab.goto(site.url)
    return tab.evaluate(() => app.signIn({ userAgent: library.frame() }))
  }

  const SIGNED_IN = { sub: 'ada', returnTo: '/' }

  it.each(pages)('signs in by redirect, by popup and in a frame, on pages %s', async (_, headers) => {
    Object.assign(site.headers, { app: headers(), callback: headers() })
    expect(await byPopup()).toEqual(SIGNED_IN)
    expect(await byRedirect()).toEqual(SIGNED_IN)
    expect(await byFrame()).toEqual(SIGNED_IN)
  })

  it('signs in where a service worker answers each navigation with the page that it has kept', async () => {
    await tab.goto(site.url)
    await tab.evaluate(async () => {
      await navigator.serviceWorker.register('/worker.js')
      await navigator.serviceWorker.ready
    })
    await tab.reload()
    await until('the worker', () => tab.evaluate(() => navigator.serviceWorker.controller?.state))
    const seen = site.pages.length
    expect(await byPopup()).toEqual(SIGNED_IN)
    expect(await byRedirect()).toEqual(SIGNED_IN)
    expect(await byFrame()).toEqual(SIGNED_IN)
    expect(site.pages.slice(seen)).toEqual([])
    await tab.evaluate(async () => void (await (await navigator.serviceWorker.ready).unregister()))
  })
})
