import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { startExpress } from '../../examples/express/serve.js'
import { signInAtProvider, useBrowser } from './browser.js'

/** What the session client answers itself, through one framework. */
describe('the endpoints of a session client', () => {
  const browser = useBrowser(() => startExpress(0))
  const callback = () => `${browser.url}/auth/callback`
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
      if (request.url().startsWith(callback())) callbacks.push(request.url())
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
    await signInAtProvider(page, `${browser.url}/`)
  }

  it('keeps the sign-in in a cookie of this host only, out of reach of scripts, until it is used', async () => {
    await page.goto(`${browser.url}/auth/sign-in`)
    const [waiting, ...more] = await context.cookies(browser.url)
    expect(more).toEqual([])
    expect(waiting).toMatchObject({ domain: 'localhost', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(waiting?.name).toMatch(/^__Host-Http-proofkey\./)
    expect((waiting?.expires ?? 0) * 1000 - Date.now()).toBeLessThan(601_000)
    await signInAtProvider(page, `${browser.url}/`)
    expect(await signInCookies()).toEqual([])
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  it('finishes two sign-ins that are under way at once', async () => {
    const other = await context.newPage()
    await page.goto(`${browser.url}/auth/sign-in`)
    await other.goto(`${browser.url}/auth/sign-in`)
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
    await page.goto(`${browser.url}/auth/sign-in`)
    await page.locator('a:has-text("Cancel")').click()
    await page.waitForURL((url) => url.href.startsWith(callback()))
    expect(await text()).toContain('(access_denied)')
    expect(await cookies()).toEqual([])
    // The provider asks again, for nobody is signed in.
    await page.getByText('Sign in again').click()
    await signInAtProvider(page, `${browser.url}/`)
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
    await page.goto(`${browser.url}/auth/sign-in`)
    const answer = new URL(callback())
    const parameters = { iss: browser.issuer, code: 'invented', state, [name]: value }
    answer.search = `${new URLSearchParams(parameters)}`
    await page.goto(answer.href)
    expect(await text()).toContain(`(${code})`)
  })

  it('starts no sign-in inside a frame of another site', async () => {
    await page.goto(`${browser.issuer}/.well-known/openid-configuration`)
    const answer = page.waitForResponse(`${browser.url}/auth/sign-in`)
    await page.evaluate((url) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: `${url}/auth/sign-in` }))
    }, browser.url)
    expect((await answer).status()).toBe(403)
    expect(await cookies()).toEqual([])
  })

  it('sends nobody to another site afterwards', async () => {
    await page.goto(`${browser.url}/auth/sign-in?returnTo=//other.example/`)
    await signInAtProvider(page, `${browser.url}/`)
    expect(page.url()).toBe(`${browser.url}/`)
  })
})
