import type { Frame, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { passProvider } from './browser.js'
import { startRealBrowser } from './real-browser.js'
import { findSecret, watch } from './sweep.js'
import { startTravelSite, type TravelSite } from './travel-site.js'

const CUT_OFF = { 'cross-origin-opener-policy': 'same-origin' }

let site: TravelSite
beforeAll(async () => {
  site = await startTravelSite()
})
afterEach(() => {
  Object.assign(site.headers, { app: {}, callback: {}, provider: {} })
  site.emptyCallback = undefined
  site.asked.length = 0
})
afterAll(() => site?.close())
const browser = startRealBrowser()

/** A real click. @returns the window that it opens, once the provider shows its page there */
async function click(page: Page, on: Page | Frame = page): Promise<Page> {
  await page.bringToFront()
  const [popup] = await Promise.all([browser.context.waitForEvent('page'), on.locator('button').click()])
  await popup.locator('[name=login]').waitFor()
  return popup
}

/** What came of a click; the first, if no other is asked for. */
const outcome = (page: Page | Frame, attempt = 0) => page.evaluate((index) => travels.attempts[index], attempt)

/** Whether an attempt still waits. */
const waits = (page: Page | Frame, attempt = 0) =>
  page.evaluate((index) => travels.attempts.length > index && !travels.outcomes[index], attempt)

/** A page that looks after its popup only by `tick`; its time limits, with longer intervals, stay. */
const newTimelessPage = (url: string) =>
  browser.newPage(url, (page) =>
    page.addInitScript(() => {
      const ticks: (() => void)[] = []
      const { setInterval } = window
      window.setInterval = ((tick: () => void, milliseconds: number) =>
        milliseconds > 100 ? setInterval(tick, milliseconds) : ticks.push(tick)) as typeof window.setInterval
      window.tick = () => {
        for (const tick of ticks) tick()
      }
    }),
  )
/** A page that the person is not at, as long as they are in the popup: a test driver gives every page the focus. */
const newPageBehind = (url: string) =>
  browser.newPage(url, (page) =>
    page.addInitScript(() => {
      document.hasFocus = () => false
    }),
  )
const tick = (page: Page, times = 1) =>
  page.evaluate((times) => {
    for (let n = 0; n < times; n++) window.tick?.()
  }, times)

const closes = (popup: Page) => (popup.isClosed() ? undefined : popup.waitForEvent('close'))

const tokenRequests = () => site.asked.filter(({ pathname }) => pathname === '/token')
/** Known to nobody but the app and the provider; here, to the attacker too. */
function stateOfLast(): string {
  const state = site.asked.findLast(({ pathname }) => pathname === '/auth')?.searchParams.get('state')
  if (!state) throw new Error('No sign-in was begun')
  return state
}

/** A sign-in was finished, in this page and nowhere else. */
async function expectSignedIn(page: Page, popup: Page): Promise<void> {
  expect(await outcome(page)).toEqual({ sub: 'ada', returnTo: '/' })
  await closes(popup)
  expect(page.url()).toBe(`${site.url}/`)
}

describe('a person', () => {
  it('signs in in the popup; the page stays, and nobody sees the verifier', async () => {
    const page = await browser.newPage(site.url)
    const navigations: string[] = []
    page.on('framenavigated', (frame) => navigations.push(frame.url()))
    const sweep = watch(browser.context)
    const popup = await click(page)
    // So that the callback's page can be looked at, it does not close.
    await popup.addInitScript(() => {
      window.close = () => {}
    })
    const seen: string[] = []
    popup.on('framenavigated', (frame) => seen.push(frame.url()))
    await sweep.collect(page)
    await sweep.collect(popup)
    await passProvider(popup)
    expect(await outcome(page)).toEqual({ sub: 'ada', returnTo: '/' })
    await popup.waitForFunction(() => document.title === 'relayed')

    expect(navigations).toEqual([])
    expect(browser.context.pages()).toContain(popup)
    expect(seen.at(-2)).toMatch(`${site.url}/callback?code=`)
    expect(seen.at(-1)).toBe(`${site.url}/callback`)
    expect(popup.url()).toBe(`${site.url}/callback`)
    expect(await popup.evaluate(() => travels.attempts)).toEqual([])

    await sweep.collect(page)
    await sweep.collect(popup)
    const [request = ''] = sweep.tokenRequests
    const verifier = new URLSearchParams(request).get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[\w-]{43,}$/)
    expect(findSecret(sweep.traces, verifier)).toEqual([])
    expect(findSecret([request], verifier)).toHaveLength(1)
  })

  it('sees the window close by itself', async () => {
    const page = await browser.newPage(site.url)
    const popup = await click(page)
    await passProvider(popup)
    await expectSignedIn(page, popup)
    expect(await page.evaluate(() => app.events)).not.toContain('vault_replaced')
  })

  it('says no', async () => {
    const page = await browser.newPage(site.url)
    const popup = await click(page)
    await popup.locator('a:has-text("Cancel")').click()
    expect(await outcome(page)).toHaveProperty('code', 'access_denied')
    await closes(popup)
  })

  it('closes the window', async () => {
    const page = await newTimelessPage(site.url)
    const popup = await click(page)
    await tick(page)
    await popup.close()
    await tick(page, 10)
    expect(await outcome(page)).toHaveProperty('code', 'cancelled')
    await passProvider(await click(page))
    expect(await outcome(page, 1)).toHaveProperty('sub', 'ada')
  })

  it('clicks again: the window that is open stays the only one', async () => {
    const page = await browser.newPage(site.url)
    const popup = await click(page)
    const pages = browser.context.pages().length
    await page.locator('button').click()
    expect(await outcome(page, 1)).toHaveProperty('code', 'popup_already_open')
    expect(browser.context.pages()).toHaveLength(pages)
    await passProvider(popup)
    await expectSignedIn(page, popup)
  })

  it('is shown no window that they did not ask for', async () => {
    const pages = browser.context.pages().length
    const page = await browser.newPage(`${site.url}/#at-once`)
    expect(await outcome(page)).toHaveProperty('code', 'popup_blocked')
    expect(browser.context.pages()).toHaveLength(pages + 1)
    await passProvider(await click(page))
    expect(await outcome(page, 1)).toHaveProperty('sub', 'ada')
  })

  it('takes too long', async () => {
    const page = await browser.newPage(site.url)
    await page.evaluate(() => {
      travels.options = { userAgent: library.popup({ timeoutSeconds: 1 }) }
    })
    const popup = await click(page)
    expect(await outcome(page)).toHaveProperty('code', 'timeout')
    await closes(popup)
  })

  it('is called back by the app', async () => {
    const page = await browser.newPage(site.url)
    const popup = await click(page)
    await page.evaluate(() => travels.abort())
    expect(await outcome(page)).toHaveProperty('code', 'aborted')
    await closes(popup)
  })

  it('has a popup in each of two tabs, and each tab gets its own answer', async () => {
    const one = await browser.newPage(site.url)
    const other = await browser.newPage(site.url)
    const popups = [await click(one), await click(other)] as const
    await passProvider(popups[1])
    expect(await outcome(other)).toHaveProperty('sub', 'ada')
    expect(await waits(one)).toBe(true)
    await popups[0].locator('a:has-text("Cancel")').click()
    expect(await outcome(one)).toHaveProperty('code', 'access_denied')
  })

  it('has closed the tab: the sign-in ends in the popup', async () => {
    const page = await browser.newPage(site.url)
    const popup = await click(page)
    await page.close()
    await passProvider(popup)
    await popup.waitForFunction(() => document.title === 'handled')
    expect(await outcome(popup)).toEqual({ sub: 'ada', returnTo: '/' })
    expect(popup.url()).toBe(`${site.url}/callback`)
  })

  it('lets nothing be stored: the sign-in waits in the page', async () => {
    const page = await browser.newPage(site.url, (page) =>
      page.addInitScript(() => {
        Object.defineProperty(globalThis, 'indexedDB', {
          get: () => {
            throw new DOMException('blocked', 'SecurityError')
          },
        })
      }),
    )
    const popup = await click(page)
    await passProvider(popup)
    await expectSignedIn(page, popup)
    expect(await page.evaluate(() => app.events)).toContain('vault_replaced')
  })

  it('comes back to a callback page of its own', async () => {
    const page = await browser.newPage(site.url)
    await page.evaluate(() => {
      travels.options = { userAgent: library.popup({ redirectUri: `${location.origin}/relay` }) }
    })
    const popup = await click(page)
    await passProvider(popup)
    await expectSignedIn(page, popup)
  })
})

describe('a callback page that does not relay', () => {
  /** Longer than it may take. @returns what came of the click */
  async function tickUntilOver(page: Page) {
    await tick(page, 60)
    return outcome(page)
  }

  /** A sign-in whose window is at such a page. */
  async function arrive() {
    const page = await newTimelessPage(site.url)
    const popup = await click(page)
    await popup.addInitScript(() => {
      globalThis.relaysNothing = true
    })
    await passProvider(popup)
    await popup.waitForFunction(() => document.title === 'handled')
    return { page, popup }
  }

  it('and handles the callback itself: the page that waits says what is missing there', async () => {
    const { page, popup } = await arrive()
    expect(await outcome(popup)).toHaveProperty('sub', 'ada')
    await popup.waitForLoadState('load')
    expect(await tickUntilOver(page)).toMatchObject({
      code: 'callback_not_relayed',
      message: expect.stringContaining(`${site.url}/callback`),
    })
    await closes(popup)
  })

  it('and goes on to another page of the app: the same', async () => {
    const { page, popup } = await arrive()
    await tick(page)
    await popup.goto(`${site.url}/empty`)
    expect(await tickUntilOver(page)).toHaveProperty('code', 'callback_not_relayed')
  })

  it.each([200, 404])('and calls nothing, with status %i: the same', async (status) => {
    site.emptyCallback = status
    const page = await newTimelessPage(site.url)
    const popup = await click(page)
    // At the server, however long it takes.
    await tick(page, 60)
    expect(await waits(page)).toBe(true)
    await passProvider(popup)
    await popup.waitForURL(`${site.url}/callback?*`)
    expect(await tickUntilOver(page)).toHaveProperty('code', 'callback_not_relayed')
    expect(tokenRequests()).toEqual([])
  })

  it('as long as it is loading: the page waits, and gets the answer', async () => {
    let load = () => {}
    const loading = new Promise<void>((resolve) => {
      load = resolve
    })
    const page = await newTimelessPage(site.url)
    const popup = await click(page)
    await browser.context.route(`${site.url}/travel-page.js`, async (route) => {
      await loading
      await route.continue()
    })
    await passProvider(popup)
    await popup.waitForURL(`${site.url}/callback?*`, { waitUntil: 'commit' })
    await tick(page, 60)
    expect(await waits(page)).toBe(true)
    load()
    await expectSignedIn(page, popup)
  })
})

describe('an opener that is busy when the answer comes', () => {
  it.each([
    ['', {}],
    [', and cut off', { app: CUT_OFF, callback: CUT_OFF }],
  ])('gets it all the same%s', async (_, headers) => {
    Object.assign(site.headers, headers)
    const page = await newPageBehind(site.url)
    const popup = await click(page)
    const busy = popup
      .waitForRequest((request) => request.url().startsWith(`${site.url}/callback?`))
      .then(() =>
        page.evaluate(() => {
          const end = performance.now() + 2500
          while (performance.now() < end);
        }),
      )
    await passProvider(popup)
    await busy
    await expectSignedIn(page, popup)
  })

  it('gets it too if it is busy while it takes the transaction', async () => {
    const page = await newPageBehind(site.url)
    const popup = await click(page)
    await page.evaluate(() => {
      const { transaction } = IDBDatabase.prototype
      IDBDatabase.prototype.transaction = function (...given) {
        if (given[1] === 'readwrite') {
          IDBDatabase.prototype.transaction = transaction
          // After the first request of several, whose response is then awaited for longer than the limit.
          queueMicrotask(() => {
            const end = performance.now() + 2500
            while (performance.now() < end);
          })
        }
        return transaction.apply(this, given)
      }
    })
    await passProvider(popup)
    await expectSignedIn(page, popup)
  })
})

it('the guide’s callback page, where nobody waits, takes the code nowhere', async () => {
  const next = browser.context.waitForEvent('request', (request) => request.url() === `${site.url}/`)
  const page = await browser.newPage(`${site.url}/relay?code=the-code&state=1234`)
  expect(await (await next).headerValue('referer')).not.toContain('the-code')
  await page.waitForURL(`${site.url}/`)
  await page.goBack().catch(() => {})
  expect(page.url()).not.toContain('the-code')
})

describe('Cross-Origin-Opener-Policy, which cuts the windows apart', () => {
  const cases: [string, Partial<TravelSite['headers']>][] = [
    ['of the app', { app: CUT_OFF }],
    ['of the app and its callback page', { app: CUT_OFF, callback: CUT_OFF }],
    ['of the callback page', { callback: CUT_OFF }],
    ['of the provider', { provider: CUT_OFF }],
    ['of all', { app: CUT_OFF, callback: CUT_OFF, provider: CUT_OFF }],
  ]

  it.each(cases)('%s: the answer arrives, and the window closes', async (_, headers) => {
    Object.assign(site.headers, headers)
    const page = await newPageBehind(site.url)
    const popup = await click(page)
    await passProvider(popup)
    await expectSignedIn(page, popup)
  })

  it('lets the person take their time', async () => {
    site.headers.app = CUT_OFF
    const page = await newTimelessPage(site.url)
    const popup = await click(page)
    await tick(page, 100)
    expect(await waits(page)).toBe(true)
    await passProvider(popup)
    await expectSignedIn(page, popup)
  })

  it('hides that the window was closed: the next click takes its place', async () => {
    site.headers.provider = CUT_OFF
    const page = await newTimelessPage(site.url)
    await (await click(page)).close()
    expect(await waits(page)).toBe(true)
    const popup = await click(page)
    expect(await outcome(page)).toHaveProperty('code', 'cancelled')
    await passProvider(popup)
    expect(await outcome(page, 1)).toHaveProperty('sub', 'ada')
  })

  it('does not hide it from a page that the person is back at', async () => {
    site.headers.app = CUT_OFF
    const page = await newTimelessPage(site.url)
    const popup = await click(page)
    // As on a phone, where the popup covers the page.
    const cover = await browser.newPage('about:blank')
    await page.waitForFunction(() => !document.hasFocus())
    await tick(page)
    expect(await waits(page)).toBe(true)
    await popup.close()
    await cover.close()
    await page.bringToFront()
    await page.waitForFunction(() => document.hasFocus())
    await tick(page, 10)
    expect(await outcome(page)).toHaveProperty('code', 'cancelled')
  })
})

describe('an attacker', () => {
  const post = (from: Page | Frame, url: string) =>
    from.evaluate((url) => {
      const targets = [
        window.victim,
        ...Array.from(document.querySelectorAll('iframe'), (frame) => frame.contentWindow),
      ]
      for (const target of [...targets, window.parent, window.opener]) {
        if (target !== window) target?.postMessage(url, '*')
      }
    }, url)
  const forged = (state: string) =>
    `${site.url}/callback?${new URLSearchParams({ code: 'forged', state, iss: site.issuer })}`
  const elsewhere = () => site.url.replace('localhost', 'attacker.localhost')

  /** The person signs in, and the forged answer was of no use. */
  async function expectUnharmed(page: Page | Frame, popup: Page): Promise<void> {
    expect(await waits(page)).toBe(true)
    expect(tokenRequests()).toEqual([])
    await passProvider(popup)
    expect(await outcome(page)).toHaveProperty('sub', 'ada')
    expect(tokenRequests()).toHaveLength(1)
  }

  it('who has opened the app posts a forged answer: ignored', async () => {
    const attacker = await browser.newPage(`${elsewhere()}/empty`)
    const opened = browser.context.waitForEvent('page')
    await attacker.evaluate((url) => {
      window.victim = open(url) ?? undefined
    }, site.url)
    const page = await opened
    const popup = await click(page)
    await post(attacker, forged(stateOfLast()))
    await expectUnharmed(page, popup)
  })

  it('who embeds the app posts a forged answer: ignored, while the real one arrives in spite of partitioned storage', async () => {
    const attacker = await browser.newPage(`${elsewhere()}/empty`)
    await attacker.evaluate((url) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: url }))
    }, site.url)
    await attacker.frameLocator('iframe').locator('button').waitFor()
    const embedded = attacker.frames()[1]!
    const popup = await click(attacker, embedded)
    await post(attacker, forged(stateOfLast()))
    await expectUnharmed(embedded, popup)
  })

  it.each(['of another sign-in', 'of this sign-in'])(
    'in a frame of this origin posts an answer %s: ignored',
    async (which) => {
      const page = await browser.newPage(site.url)
      await page.evaluate(() => {
        document.body.append(Object.assign(document.createElement('iframe'), { src: '/empty' }))
      })
      await page.frameLocator('iframe').locator('body').waitFor({ state: 'attached' })
      const popup = await click(page)
      await post(page.frames()[1]!, forged(which === 'of this sign-in' ? stateOfLast() : 'another'))
      await expectUnharmed(page, popup)
    },
  )

  it('who opens the callback page with a link of their own gets nothing from it, and gives nothing to anybody', async () => {
    const page = await browser.newPage(site.url)
    const popup = await click(page)
    const attacker = await browser.newPage(`${elsewhere()}/empty`)
    const opened = browser.context.waitForEvent('page')
    await attacker.evaluate((url) => {
      window.heard = []
      addEventListener('message', ({ data }) => window.heard?.push(data))
      open(url)
    }, forged('another'))
    const link = await opened
    await link.waitForFunction(() => document.title === 'handled')
    expect(await outcome(link)).toEqual({ nothing: true })
    expect(await attacker.evaluate(() => window.heard)).toEqual([])
    await expectUnharmed(page, popup)
  })
})

declare global {
  interface Window {
    victim?: Window | undefined
    heard?: unknown[]
    tick?: () => void
  }
}
