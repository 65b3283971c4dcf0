import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../examples/lib/example.js'
import { startPopup } from '../../examples/popup/serve.js'
import { passProvider } from './browser.js'
import { startRealBrowser } from './real-browser.js'

/** With a provider of the same site, and with one of another. */
let near: RunningExample
let far: RunningExample
beforeAll(async () => {
  near = await startPopup(0, 'localhost')
  far = await startPopup(0, '127.0.0.1')
})
afterAll(() => Promise.all([near?.close(), far?.close()]))
const browser = startRealBrowser()

const status = (page: Page, text: string) => page.getByTestId('status').filter({ hasText: text }).waitFor()
/** Words, and no codes. */
const SIGNED_OUT = 'You are not signed in at the provider.'
const notice = (page: Page, role: 'status' | 'alert', text: string) =>
  page.locator(`#notice[role=${role}]`).filter({ hasText: text }).waitFor()

async function click(page: Page): Promise<Page> {
  const [popup] = await Promise.all([browser.context.waitForEvent('page'), page.locator('#sign-in').click()])
  return popup
}

describe('the example of the popup', () => {
  it('signs in, keeps what was written, signs in again after a reload, and signs out', async () => {
    const errors: unknown[] = []
    const page = await browser.newPage(near.url, async (page) => {
      page.on('pageerror', (error) => errors.push(error))
      page.on('console', (message) => /Content.Security.Policy/i.test(message.text()) && errors.push(message.text()))
    })
    await notice(page, 'status', SIGNED_OUT)
    await page.locator('textarea').fill('half a sentence')
    await passProvider(await click(page))
    await status(page, 'Signed in as ada.')
    expect(await page.locator('textarea').inputValue()).toBe('half a sentence')
    expect(await page.locator('#way').textContent()).toBe('in the popup')

    await page.reload()
    await status(page, 'Signed in as ada.')
    expect(await page.locator('#way').textContent()).toBe('silently, in a frame')

    await page.locator('#sign-out').click()
    await page.locator('[name=logout]').click()
    await notice(page, 'status', SIGNED_OUT)
    expect(page.url()).toBe(`${near.url}/`)
    expect(errors).toEqual([])
  })

  it('says where the browser keeps cookies back, and signs in all the same', async () => {
    const page = await browser.newPage(far.url)
    await notice(page, 'status', 'in a frame')
    await passProvider(await click(page))
    await status(page, 'Signed in as ada.')
    await page.reload()
    await notice(page, 'status', 'in a frame')
  })

  it('greets a person without a name', async () => {
    const page = await browser.newPage(near.url)
    await notice(page, 'status', SIGNED_OUT)
    await passProvider(await click(page), 'nobody')
    await status(page, 'Signed in as nobody.')
  })

  it('says what else may happen', async () => {
    const page = await browser.newPage(near.url)
    await notice(page, 'status', SIGNED_OUT)
    const popup = await click(page)
    await popup.locator('[name=login]').waitFor()
    await page.locator('#sign-in').click()
    await notice(page, 'alert', 'open already')
    await popup.locator('a:has-text("Cancel")').click()
    await notice(page, 'alert', 'You said no')
  })

  it('says so where the browser does not close the window', async () => {
    const page = await browser.newPage(near.url)
    const popup = await click(page)
    await popup.addInitScript(() => {
      window.close = () => {}
    })
    await passProvider(popup)
    await popup.locator('#status').filter({ hasText: 'You can close this window.' }).waitFor()
    expect(popup.url()).toBe(`${near.url}/callback`)
    await status(page, 'Signed in as ada.')
  })

  it('has a callback page that loads a few hundred bytes, and lets nothing else run', async () => {
    const page = await fetch(`${near.url}/callback?code=x&state=y`)
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; .*require-trusted-types-for 'script'; trusted-types 'none'$/,
    )
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect((await page.text()).match(/<script[^>]*>/g)).toHaveLength(1)
    const script = await (await fetch(`${near.url}/callback.js`)).text()
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(850)
  })
})
