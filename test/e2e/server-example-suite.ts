import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { until } from '../helpers/until.js'
import { passProvider, signInAtProvider, useBrowser } from './browser.js'
import { ask, FOREIGN, FORM, TRAP_HOSTS, useTrap } from './hostile-forms.js'
import type { ServerExample } from './server-examples.js'

export const SESSION_COOKIE = '__Host-Http-proofkey-session'

/** What every framework has to get right: pages and cookies pass through it, and forms of other sites do not. */
export function describeServerExample({ folder, start, callAt = '/visits' }: ServerExample): void {
  describe(`the example ${folder}`, () => {
    const browser = useBrowser(() => start())
    const fallInto = useTrap()
    let context: BrowserContext
    let page: Page
    /** What Chromium did not allow. */
    let violations: string[]

    beforeEach(async () => {
      context = await browser.newContext()
      page = await context.newPage()
      violations = []
      page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) violations.push(message.text())
      })
    })

    const says = (text: string) => page.getByText(text, { exact: true }).waitFor()
    const cookie = async () => {
      const [first] = await context.cookies(browser.url)
      return `${first?.name}=${first?.value}`
    }
    /** Whether the server knows a user by a cookie, whatever browser it is in now. */
    const known = async (cookie: string) => (await ask(browser.url, { cookie })).text.includes('Signed in as')

    async function signIn(name: string): Promise<void> {
      await page.goto(browser.url)
      await says('Nobody is signed in.')
      await page.getByText('Sign in', { exact: true }).click()
      await signInAtProvider(page, `${browser.url}/`, name)
      await says(`Signed in as ${name}.`)
    }

    it('signs in, calls the API and signs out, and neither an earlier cookie nor a copy is worth anything', async () => {
      const planted = crypto.randomUUID()
      const { hostname: domain } = new URL(browser.url)
      const bait = { name: SESSION_COOKIE, value: planted, domain, path: '/', secure: true, httpOnly: true }
      await context.addCookies([bait])
      await signIn('ada')
      expect(page.url()).toBe(`${browser.url}/`)
      const [session, ...more] = await context.cookies(browser.url)
      expect(more).toEqual([])
      expect(session).toMatchObject({ ...bait, value: expect.not.stringContaining(planted), sameSite: 'Lax' })
      expect(await page.evaluate(() => document.cookie)).toBe('')
      const copy = await cookie()
      expect([await known(`${SESSION_COOKIE}=${planted}`), await known(copy)]).toEqual([false, true])

      const home = await page.goto(browser.url)
      expect(await home?.headerValue('content-security-policy')).toMatch(
        /^default-src 'none'; .*frame-ancestors 'none'/,
      )
      expect(await home?.headerValue('cache-control')).toContain('no-store')
      await page.getByText('Call the API').click()
      await says('The API has seen ada 1 times.')
      await page.goto(browser.url)
      await page.getByText('Sign out').click()
      await page.locator('[type=submit][value=yes]').click()
      await says('Nobody is signed in.')
      expect(page.url()).toBe(`${browser.url}/`)
      expect(await context.cookies(browser.url)).toEqual([])
      expect(await known(copy)).toBe(false)
      expect(violations).toEqual([])
      // Nobody is signed in at the provider either.
      await page.getByText('Sign in', { exact: true }).click()
      await page.locator('[name=login]').waitFor()
    })

    it('does nothing for a page of another origin, and ends a session that ends at the provider', async () => {
      const name = 'nobody <b>&amp;'
      await signIn(name)
      const before = await context.cookies(browser.url)
      const copy = await cookie()
      for (const path of [callAt, '/auth/sign-out', '/auth/sign-in', '/auth/callback', '/auth/back-channel-logout']) {
        for (const host of TRAP_HOSTS) {
          const answer = await fallInto(page, host, browser.url + path)
          expect(answer.status(), path).toBeGreaterThanOrEqual(400)
          expect(answer.status(), path).toBeLessThan(500)
          expect(await answer.headerValue('set-cookie'), path).toBeNull()
          expect(await context.cookies(browser.url), path).toEqual(before)
        }
      }
      for (const path of [callAt, '/auth/sign-out']) {
        for (const headers of [{}, ...FOREIGN]) {
          const sent = { cookie: copy, 'content-type': FORM, ...headers }
          const answer = await ask(browser.url + path, sent, 'POST')
          expect([answer.status, answer.headers['set-cookie']], path).toEqual([403, undefined])
        }
      }
      expect(await known(copy)).toBe(true)
      // The API has seen none of them.
      await page.goto(browser.url)
      await page.getByText('Call the API').click()
      await says(`The API has seen ${name} 1 times.`)

      await page.goto(`${browser.issuer}/session/end`)
      await page.locator('[type=submit][value=yes]').click()
      await until(async () => !(await known(copy)))
      // The page that is still open: its form is answered with the way to a sign-in.
      const sent = { cookie: copy, origin: browser.url, accept: 'text/html', 'content-type': FORM }
      const late = await ask(browser.url + callAt, sent, 'POST')
      expect(late.status).toBe(401)
      expect(late.text).toContain('/auth/sign-in')
    })

    it('says what went wrong as text, and shows the way back', async () => {
      const error = 'invalid_request<img src=x onerror=alert(1)>'
      const parameters = new URLSearchParams({ error, error_description: error })
      const answer = await page.goto(`${browser.url}/auth/callback?${parameters}`)
      expect(answer?.status()).toBe(400)
      await page.getByText(/unknown_state|callback_malformed/).waitFor()
      expect(await page.locator('img').count()).toBe(0)
      await page.getByText('Sign in again').click()
      await passProvider(page)
      await says('Signed in as ada.')
    })
  })
}
