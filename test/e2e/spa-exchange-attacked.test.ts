import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { startSpaExchange } from '../../examples/spa-exchange/serve.js'
import { until } from '../helpers/until.js'
import { passProvider, useBrowser } from './browser.js'
import { ask, FOREIGN, FORM, TRAP_HOSTS, useTrap } from './hostile-forms.js'

const COOKIE = '__Host-session'

/** A server that keeps its sessions itself, with createServerClient. */
describe('the example spa-exchange', () => {
  const browser = useBrowser(() => startSpaExchange(0))
  const fallInto = useTrap()
  let context: BrowserContext
  let page: Page

  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })

  const sessionId = async () => (await context.cookies(browser.url)).find(({ name }) => name === COOKIE)?.value ?? ''
  const cookie = async () => `${COOKIE}=${await sessionId()}`
  /** Whom the server knows by a cookie, whatever browser it is in now. */
  const known = async (cookie: string) => /\bada\b/.test((await ask(`${browser.url}/api/me`, { cookie })).text)
  const says = (text: string) => page.getByText(text, { exact: true }).waitFor()

  async function signIn(name = 'ada'): Promise<void> {
    await page.goto(browser.url)
    await page.getByText('Sign in', { exact: true }).click()
    await passProvider(page, name)
    await says(`Signed in as ${name}.`)
  }

  async function signOut(): Promise<void> {
    await page.getByText('Sign out', { exact: true }).click()
    await page.locator('[type=submit][value=yes]').click()
    await says('Nobody is signed in.')
  }

  it('signs out here and at the provider, and a copy of the cookie is worth nothing', async () => {
    await signIn()
    expect(await context.cookies(browser.url)).toEqual([
      expect.objectContaining({ name: COOKIE, path: '/', httpOnly: true, secure: true, sameSite: 'Lax' }),
    ])
    expect(await page.evaluate(() => document.cookie)).toBe('')
    const copy = await cookie()
    expect(await known(copy)).toBe(true)
    await signOut()
    expect(page.url()).toBe(`${browser.url}/`)
    expect(await context.cookies(browser.url)).toEqual([])
    expect(await known(copy)).toBe(false)
    // Nobody is signed in at the provider either.
    await page.getByText('Sign in', { exact: true }).click()
    await page.locator('[name=login]').waitFor()
  })

  it('signs nobody out, nor in, by a page or a request of another origin, nor by a fetch', async () => {
    await signIn()
    const before = await context.cookies(browser.url)
    for (const [path, type] of [
      ['/logout', FORM],
      ['/login', FORM],
      ['/callback', FORM],
      ['/auth/exchange', FORM],
      ['/auth/exchange', 'text/plain'],
      ['/backchannel-logout', FORM],
    ] as const) {
      for (const host of TRAP_HOSTS) {
        const answer = await fallInto(page, host, browser.url + path, type)
        expect(answer.status(), path).toBeGreaterThanOrEqual(400)
        expect(await answer.headerValue('set-cookie'), path).toBeNull()
        expect(await context.cookies(browser.url), path).toEqual(before)
      }
    }
    const sent = { cookie: await cookie(), 'content-type': FORM }
    for (const headers of [...FOREIGN, { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }]) {
      const answer = await ask(`${browser.url}/logout`, { ...sent, ...headers }, 'POST')
      expect(answer.status).toBe(403)
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(await known(sent.cookie)).toBe(true)
    }
    // The person, from the app's own page.
    await page.goto(browser.url)
    await signOut()
    expect(await known(sent.cookie)).toBe(false)
  })

  it('has a new session id after each sign-in, and the one before does not work', async () => {
    const planted = crypto.randomUUID()
    const { hostname: domain } = new URL(browser.url)
    await context.addCookies([{ name: COOKIE, value: planted, domain, path: '/', secure: true }])
    await signIn()
    const first = await cookie()
    expect(first).not.toContain(planted)
    expect([await known(`${COOKIE}=${planted}`), await known(first)]).toEqual([false, true])
  })

  it('ends a session that ends at the provider', async () => {
    await signIn()
    const copy = await cookie()
    await page.goto(`${browser.issuer}/session/end`)
    await page.locator('[type=submit][value=yes]').click()
    await until(async () => !(await known(copy)))
  })

  it('greets a person without a name', async () => {
    const sub = 'nobody <b>&amp;'
    await signIn(sub)
    await page.reload()
    await says(`Signed in as ${sub}.`)
  })

  it('says what went wrong as text, and shows the way back', async () => {
    const error = 'invalid_request<img src=x onerror=alert(1)>'
    await page.goto(`${browser.callback}?${new URLSearchParams({ error, error_description: error })}`)
    await page.getByText(/unknown_state|callback_malformed/).waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('body').innerText()).not.toContain('undefined')
    await page.getByText(/^Sign in( again)?$/).click()
    await passProvider(page)
    await says('Signed in as ada.')
  })
})
