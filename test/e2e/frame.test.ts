import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FrameOptions, StartOptions } from '../../src/index.js'
import { passProvider } from './browser.js'
import type { Outcome } from './page.js'
import { startRealBrowser } from './real-browser.js'
import { startTravelSite, type TravelSite } from './travel-site.js'

/** Two hosts of one site, and two sites. */
let near: TravelSite
let far: TravelSite
beforeAll(async () => {
  near = await startTravelSite('app.shop.localhost', 'login.shop.localhost')
  far = await startTravelSite()
})
afterEach(() => {
  for (const site of [near, far]) {
    Object.assign(site.headers, { app: {}, callback: {}, provider: {} })
    Object.assign(site, { cookies: 'lax', hostile: undefined, emptyCallback: undefined })
  }
})
afterAll(() => Promise.all([near?.close(), far?.close()]))
const browser = startRealBrowser()

/** By redirect, on the provider's own pages; then the app is opened anew. */
async function signInByRedirect(page: Page, site: TravelSite): Promise<void> {
  await page.evaluate(() => void app.signIn())
  await passProvider(page)
  await page.waitForFunction(() => document.title === 'handled')
  await page.goto(site.url)
}

/** What a frame tells, while the page stays as it is. */
async function ask(
  page: Page,
  options: Omit<StartOptions, 'appState'> & { timeoutSeconds?: number } = {},
): Promise<Outcome> {
  const [url, navigations] = [page.url(), [] as string[]]
  page.on('framenavigated', (frame) => frame === page.mainFrame() && navigations.push(frame.url()))
  const outcome = await page.evaluate(
    ({ timeoutSeconds, ...options }) => app.signIn({ ...options, userAgent: library.frame({ timeoutSeconds }) }),
    options,
  )
  expect(await page.evaluate(() => document.querySelectorAll('iframe').length)).toBe(0)
  expect(page.url()).toBe(url)
  expect(navigations).toEqual([])
  return outcome
}

describe('a frame of the same site', () => {
  it('signs in silently whom the provider knows', async () => {
    const page = await browser.newPage(near.url)
    await signInByRedirect(page, near)
    expect(await ask(page, { returnTo: '/inbox' })).toEqual({ sub: 'ada', returnTo: '/inbox' })
    expect(await page.evaluate(() => app.events)).toContain('sign_in_completed')
  })

  it('is shown to nobody and takes up no room', async () => {
    near.hostile = ''
    const page = await browser.newPage(near.url)
    const size = () => page.evaluate(() => [document.body.scrollWidth, document.body.scrollHeight])
    const before = await size()
    const over = ask(page, { timeoutSeconds: 1 })
    await page.locator('iframe').waitFor({ state: 'attached' })
    expect(await page.locator('iframe').isVisible()).toBe(false)
    expect(await size()).toEqual(before)
    await over
  })

  it('has the permissions that the app names, and no others', async () => {
    near.hostile = ''
    const page = await browser.newPage(near.url)
    /** What the server's page in the frame may do, by the browser's own account. */
    const allowed = async (allow: FrameOptions['allow']) => {
      const over = page.evaluate(
        (allow) => app.signIn({ userAgent: library.frame({ timeoutSeconds: 1, allow }) }),
        allow,
      )
      await page.locator('iframe').waitFor({ state: 'attached' })
      const frame = page.frames()[1]
      await frame?.waitForURL(/\/auth/)
      const names = await frame?.evaluate(() => {
        const { featurePolicy } = document as unknown as { featurePolicy: { allowedFeatures(): string[] } }
        return ['local-network-access', 'loopback-network', 'local-network', 'camera'].filter((name) =>
          featurePolicy.allowedFeatures().includes(name),
        )
      })
      const sandbox = await page.locator('iframe').getAttribute('sandbox')
      await over
      return { names, storage: sandbox?.includes('allow-storage-access-by-user-activation') }
    }
    expect(await allowed(undefined)).toEqual({ names: [], storage: false })
    expect(await allowed(['local-network', 'loopback-network'])).toEqual({
      names: ['loopback-network', 'local-network'],
      storage: false,
    })
    expect(await allowed(['storage-access'])).toEqual({ names: [], storage: true })
  })

  it('says that nobody is signed in there', async () => {
    const page = await browser.newPage(near.url)
    expect(await ask(page)).toHaveProperty('code', 'login_required')
  })

  it('says that the person has to consent', async () => {
    const page = await browser.newPage(near.url)
    await signInByRedirect(page, near)
    expect(await ask(page, { scope: 'openid profile email' })).toHaveProperty('code', 'consent_required')
    expect(await ask(page)).toHaveProperty('sub', 'ada')
  })

  it('gives up on a provider that shows a page, and lets nobody frame it', async () => {
    near.headers.provider = { 'x-frame-options': 'DENY' }
    near.hostile = ''
    const page = await browser.newPage(near.url)
    expect(await ask(page, { timeoutSeconds: 1 })).toHaveProperty('code', 'timeout')
    near.hostile = undefined
    // What sends the frame on is not held up by that.
    await signInByRedirect(page, near)
    expect(await ask(page)).toHaveProperty('sub', 'ada')
  })

  it('works under Cross-Origin-Embedder-Policy where callback page and provider allow for it', async () => {
    const isolated = { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-opener-policy': 'same-origin' }
    near.headers.app = isolated
    const page = await browser.newPage(near.url)
    await signInByRedirect(page, near)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    near.headers.callback = isolated
    expect(await ask(page, { timeoutSeconds: 2 })).toHaveProperty('code', 'timeout')
    near.headers.provider = { 'cross-origin-resource-policy': 'same-site' }
    expect(await ask(page)).toHaveProperty('sub', 'ada')
    near.headers.callback = {}
    expect(await ask(page, { timeoutSeconds: 2 })).toHaveProperty('code', 'timeout')
  })

  it('says at its timeout that its callback page does not relay', async () => {
    near.emptyCallback = 404
    const page = await browser.newPage(near.url, (page) =>
      page.addInitScript(() => {
        const { setInterval } = window
        window.setInterval = ((quarter: () => void, ms?: number) => {
          if (ms === 150_000)
            window.timeOut = () => {
              for (let n = 0; n < 4; n++) quarter()
            }
          return setInterval(quarter, ms)
        }) as typeof window.setInterval
      }),
    )
    const asking = ask(page, { timeoutSeconds: 600 })
    await page.locator('iframe').waitFor({ state: 'attached' })
    await page.frames()[1]?.waitForURL(`${near.url}/callback?*`)
    await page.evaluate(() => window.timeOut?.())
    expect(await asking).toHaveProperty('code', 'callback_not_relayed')
  })

  it('holds a provider that takes the page elsewhere, as it could from a plain frame', async () => {
    const page = await browser.newPage(near.url)
    near.hostile = ''
    const elsewhere = `${near.url}/empty`
    /** As if the person had clicked in the frame: else the browser itself holds it. */
    const takeAway = async () => {
      await page.locator('iframe').waitFor({ state: 'attached' })
      const frame = page.frames()[1]
      await frame?.waitForURL(/\/auth/)
      return frame?.evaluate((url) => {
        try {
          top!.location.href = url
        } catch (error) {
          return (error as Error).name
        }
      }, elsewhere)
    }
    const [outcome, refused] = await Promise.all([ask(page, { timeoutSeconds: 2 }), takeAway()])
    expect(outcome).toHaveProperty('code', 'timeout')
    expect(refused).toBe('SecurityError')

    await page.evaluate((src) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src }))
    }, `${near.issuer}/auth`)
    await takeAway()
    await page.waitForURL(elsewhere)
  })

  it('does not believe a provider’s page that sends the answer itself', async () => {
    const page = await browser.newPage(near.url)
    await signInByRedirect(page, near)
    near.hostile = `
      const asked = new URL(location).searchParams
      const answer = new URLSearchParams({ code: 'forged', state: asked.get('state'), iss: '${near.issuer}' })
      parent.postMessage(asked.get('redirect_uri') + '?' + answer, '*')`
    expect(await ask(page, { timeoutSeconds: 1 })).toHaveProperty('code', 'timeout')
  })
})

describe('a frame of another site', () => {
  it('cannot tell whether somebody is signed in: nobody is', async () => {
    const page = await browser.newPage(far.url)
    expect(await ask(page)).toHaveProperty('code', 'frame_blocked')
  })

  it('cannot tell whether somebody is signed in: cookies are withheld, and a visit tells', async () => {
    far.cookies = 'none'
    const page = await browser.newPage(far.url)
    await signInByRedirect(page, far)
    expect(await ask(page)).toHaveProperty('code', 'frame_blocked')
    await page.evaluate(() => void app.signIn({ prompt: 'none' }))
    await page.waitForFunction(() => document.title === 'handled')
    expect(await page.evaluate(() => travels.attempts[0])).toHaveProperty('sub', 'ada')
  })

  describe('in a browser that lets third-party cookies through', () => {
    const lenient = startRealBrowser(() => ({ profile: { cookie_controls_mode: 0 } }))

    it('signs in silently', async () => {
      far.cookies = 'none'
      const page = await lenient.newPage(far.url)
      await signInByRedirect(page, far)
      expect(await ask(page)).toHaveProperty('sub', 'ada')
    })
  })
})

declare global {
  interface Window {
    timeOut?: () => void
  }
}
