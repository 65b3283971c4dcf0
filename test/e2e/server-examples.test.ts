import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { startWithRedis } from '../../examples/redis/serve.js'
import { startRedis } from '../helpers/redis.js'
import { until } from '../helpers/until.js'
import { signInAtProvider, useBrowser } from './browser.js'
import { SERVER_EXAMPLES } from './server-examples.js'

/** Of the one that renders in the browser see spa-exchange.test.ts. */
const RENDERING = SERVER_EXAMPLES.filter(({ folder }) => folder !== 'spa-exchange')

describe.each(RENDERING)('the example $folder', ({ start }) => {
  const browser = useBrowser(() => start())
  let context: BrowserContext
  let page: Page
  /** Every callback that the browser was sent to. */
  let callbacks: string[]
  /** The `state` of the last authorization request. */
  let state: string

  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    callbacks = []
    context.on('request', (request) => {
      if (request.url().startsWith(browser.callback)) callbacks.push(request.url())
      if (request.url().startsWith(`${browser.issuer}/auth?`)) {
        state = new URL(request.url()).searchParams.get('state') ?? ''
      }
    })
  })

  const text = (on = page) => on.locator('body').innerText()
  const cookies = async () => (await context.cookies(browser.url)).map(({ name }) => name)
  const signInCookies = async () => (await cookies()).filter((name) => name.startsWith('__Host-Http-proofkey.'))

  async function signIn(): Promise<void> {
    await page.goto(browser.url)
    await page.getByText('Sign in').click()
    await signInAtProvider(page, browser.url)
  }

  it('signs a person in, and out', async () => {
    await signIn()
    expect(await text()).toContain('Signed in as ada.')
    expect(page.url()).toBe(`${browser.url}/`)
    await page.getByText('Sign out').click()
    await page.locator('[type=submit][value=yes]').click()
    await page.getByText('Nobody is signed in.').waitFor()
    expect(page.url()).toBe(`${browser.url}/`)
    expect(await cookies()).toEqual([])
  })

  it('keeps the sign-in in a cookie of this host only, out of reach of scripts, until it is used', async () => {
    await page.goto(`${browser.url}/login`)
    const [waiting, ...more] = await context.cookies(browser.url)
    expect(more).toEqual([])
    expect(waiting).toMatchObject({ domain: 'localhost', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(waiting?.name).toMatch(/^__Host-Http-proofkey\./)
    expect((waiting?.expires ?? 0) * 1000 - Date.now()).toBeLessThan(601_000)
    await signInAtProvider(page, browser.url)
    expect(await signInCookies()).toEqual([])
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  it('finishes two sign-ins that are under way at once', async () => {
    const other = await context.newPage()
    await page.goto(`${browser.url}/login`)
    await other.goto(`${browser.url}/login`)
    expect(await signInCookies()).toHaveLength(2)
    for (const tab of [other, page]) {
      await tab.locator('[name=login]').fill('ada')
      await tab.locator('[name=password]').fill('secret')
      await tab.locator('[type=submit]').click()
      // The second is not asked for consent again.
      await tab.locator('[name=prompt][value=consent], [data-testid=name]').waitFor({ state: 'attached' })
      if (!tab.url().startsWith(browser.url)) await tab.locator('[type=submit]').click()
      await tab.getByText('Signed in as ada.').waitFor()
    }
    expect(callbacks).toHaveLength(2)
    expect(await signInCookies()).toEqual([])
  })

  it('says so when the person says no', async () => {
    await page.goto(`${browser.url}/login`)
    await page.locator('a:has-text("Cancel")').click()
    await page.waitForURL((url) => url.href.startsWith(browser.callback))
    expect(await text()).toContain('(access_denied)')
    expect(await cookies()).toEqual([])
    // The provider asks again, for nobody is signed in.
    await page.getByText('Sign in again').click()
    await signInAtProvider(page, browser.url)
    expect(await text()).toContain('Signed in as ada.')
  })

  it('refuses a callback that was used before, and the person stays signed in', async () => {
    await signIn()
    const answer = await page.goto(callbacks[0] ?? '')
    expect(answer?.status()).toBe(400)
    expect(await text()).toContain('(unknown_state)')
    await page.goto(browser.url)
    expect(await text()).toContain('Signed in as ada.')
  })

  it('refuses a callback of another browser', async () => {
    await signIn()
    const victim = await (await browser.newContext()).newPage()
    await victim.goto(callbacks[0] ?? '')
    expect(await text(victim)).toContain('(unknown_state)')
    await victim.goto(browser.url)
    expect(await text(victim)).toContain('Nobody is signed in.')
  })

  it.each([
    ['iss', 'https://other.example', 'callback_issuer_mismatch'],
    ['code', 'another', 'token_request_refused'],
    ['state', 'another', 'unknown_state'],
  ])('refuses a callback with another %s', async (name, value, code) => {
    await page.goto(`${browser.url}/login`)
    const callback = new URL(browser.callback)
    const parameters = { iss: browser.issuer, code: 'invented', state, [name]: value }
    callback.search = `${new URLSearchParams(parameters)}`
    await page.goto(callback.href)
    expect(await text()).toContain(`(${code})`)
  })

  it('starts no sign-in inside a frame of another site', async () => {
    await page.goto(`${browser.issuer}/.well-known/openid-configuration`)
    const answer = page.waitForResponse(`${browser.url}/login`)
    await page.evaluate((url) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: `${url}/login` }))
    }, browser.url)
    expect((await answer).status()).toBe(403)
    expect(await cookies()).toEqual([])
  })

  it('sends nobody to another site afterwards', async () => {
    await page.goto(`${browser.url}/login?returnTo=//other.example/`)
    await signInAtProvider(page, browser.url)
    expect(page.url()).toBe(`${browser.url}/`)
  })
})

describe('two processes and Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  const browser = useBrowser(async () => {
    redis = await startRedis()
    return startWithRedis(0, redis)
  })
  afterAll(() => redis?.stop())

  it('begin a sign-in here and finish it there', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${browser.url}/login`)
    await signInAtProvider(page, browser.url)
    const [, startedBy, finishedBy] =
      /Started by process (\d+), finished by process (\d+)/.exec(await page.locator('body').innerText()) ?? []
    expect(Number(startedBy)).toBeGreaterThan(0)
    expect(Number(finishedBy)).toBeGreaterThan(0)
    expect(startedBy).not.toBe(finishedBy)
  })
  it('outlive a Redis that goes away and comes back', async () => {
    await redis.stop()
    const page = await (await browser.newContext()).newPage()
    await until(async () => (await page.goto(`${browser.url}/login`))?.status() === 503)
    expect(await page.locator('body').innerText()).toContain('(storage_unavailable)')
    // A request without a session's cookie needs no Redis.
    expect((await fetch(browser.url)).status).toBe(200)

    redis = await startRedis(redis.port)
    await until(async () => (await page.goto(`${browser.url}/login`))?.url().startsWith(browser.issuer))
    await signInAtProvider(page, browser.url)
    expect(await page.locator('body').innerText()).toContain('Signed in as ada.')
  })
})
