import { readFileSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { startBackendForFrontend } from '../../examples/backend-for-frontend/serve.js'
import { signInAtProvider, useBrowser } from './browser.js'

const COOKIE = '__Host-Http-proofkey-session'

it('the example takes under 80 lines', () => {
  const text = readFileSync(new URL('../../examples/backend-for-frontend/app.ts', import.meta.url), 'utf8')
  expect(text.trim().split('\n').length).toBeLessThan(80)
})

describe('the backend for frontend', () => {
  const browser = useBrowser(() => startBackendForFrontend(0))
  let context: BrowserContext
  let page: Page
  /** What the page could read: every response of the app. */
  let read: string[]

  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    read = []
    page.on('response', async (response) => {
      if (response.url().startsWith(browser.url)) read.push(await response.text().catch(() => ''))
    })
  })
  const says = (text: string) => page.getByText(text).waitFor()

  async function signIn(): Promise<void> {
    await page.goto(browser.url)
    await says('Nobody is signed in.')
    await page.getByText('Sign in').click()
    await signInAtProvider(page, browser.url)
    await says('Signed in as ada.')
  }

  it('signs in, calls the API, and signs out, and its page never has a token', async () => {
    await signIn()
    expect(page.url()).toBe(`${browser.url}/`)
    await page.getByText('Call the API').click()
    await says('The API has seen ada 1 times.')
    const [cookie, ...more] = await context.cookies(browser.url)
    expect(more).toEqual([])
    expect(cookie).toMatchObject({ name: COOKIE, domain: 'localhost', httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(read.join()).toContain('ada')
    expect(read.join()).not.toMatch(/access_token|refresh_token|eyJ/)
    await page.getByText('Sign out').click()
    await page.locator('[type=submit][value=yes]').click()
    await says('Nobody is signed in.')
    expect(await context.cookies(browser.url)).toEqual([])
  })

  it('notices in every tab that the session has ended', async () => {
    await signIn()
    const second = await context.newPage()
    await second.goto(browser.url)
    await second.getByText('Sign out').click()
    await second.locator('[type=submit][value=yes]').click()
    await second.getByText('Nobody is signed in.').waitFor()
    await page.getByText('Call the API').click()
    await says('Nobody is signed in.')
  })

  it('is signed out by no other site', async () => {
    await signIn()
    const evil = await context.newPage()
    // Another site, whose form is of its own making.
    await evil.goto(browser.issuer)
    await evil.setContent(`<form method="post" action="${browser.url}/auth/sign-out"><button>Win</button></form>`)
    await evil.getByText('Win').click()
    await evil.getByText('Sign out on a page of this site.').waitFor()
    await page.reload()
    await says('Signed in as ada.')
  })
})
