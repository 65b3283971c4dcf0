import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../examples/lib/example.js'
import { startMcpPage } from '../../examples/mcp-page/serve.js'
import { passProvider } from './browser.js'
import { startRealBrowser } from './real-browser.js'

let site: RunningExample
beforeAll(async () => {
  site = await startMcpPage()
})
afterAll(() => site?.close())
const browser = startRealBrowser()

const text = (page: Page, id: string, wanted: string) => page.locator(`#${id}`).filter({ hasText: wanted }).waitFor()
const tool = (page: Page, name: string) => page.locator(`[data-tool=${name}]`).click()
const way = (page: Page, name: string) => page.locator(`[data-way=${name}]`).click()

/** A page, what went wrong in it, and what it has requested. */
async function open() {
  const errors: unknown[] = []
  const requests: URL[] = []
  const page = await browser.newPage(site.url, async (page) => {
    page.on('pageerror', (error) => errors.push(error))
    page.context().on('request', (request) => requests.push(new URL(request.url())))
  })
  return { page, errors, count: (path: string) => requests.filter(({ pathname }) => pathname === path).length }
}

async function popupOf(page: Page): Promise<Page> {
  const [popup] = await Promise.all([browser.context.waitForEvent('page'), way(page, 'popup')])
  return popup
}

describe('an agent that is a web page', () => {
  it('signs in with a popup, calls a tool, is signed in after a reload, and steps up', async () => {
    const { page, errors, count } = await open()
    await text(page, 'status', 'Nobody is signed in.')
    await tool(page, 'whoami')
    await text(page, 'notice', `sign in at ${site.issuer}, for: notes:read`)
    await passProvider(await popupOf(page))
    await text(page, 'answer', 'ada')
    expect(page.url()).toBe(`${site.url}/`)
    expect(count('/reg')).toBe(1)

    await page.reload()
    await text(page, 'status', 'Signed in.')
    await tool(page, 'whoami')
    await text(page, 'answer', 'ada')

    await tool(page, 'delete_notes')
    await text(page, 'notice', 'notes:delete')
    const popup = await popupOf(page)
    await popup.locator('[type=submit]').click()
    await text(page, 'answer', 'deleted')
    const granted = await page.locator('#scope').textContent()
    expect(granted?.split(' ')).toEqual(expect.arrayContaining(['notes:read', 'notes:delete']))

    await page.locator('#sign-out').click()
    await text(page, 'status', 'Nobody is signed in.')
    await tool(page, 'whoami')
    await text(page, 'notice', 'wants you to sign in')
    expect(count('/reg')).toBe(1)
    expect(errors).toEqual([])
  })

  it('signs in with a redirect, goes on with the tool it left for, and steps up the same way', async () => {
    const { page, errors, count } = await open()
    await tool(page, 'whoami')
    await way(page, 'redirect')
    await passProvider(page)
    await text(page, 'answer', 'ada')
    // Nothing of the callback is left in the address bar.
    expect(page.url()).toBe(`${site.url}/`)

    await tool(page, 'delete_notes')
    await way(page, 'redirect')
    await page.locator('[name=prompt][value=consent]').waitFor({ state: 'attached' })
    await page.locator('[type=submit]').click()
    await text(page, 'answer', 'deleted')
    // Each page has found its client and session again.
    expect(count('/reg')).toBe(1)
    expect(errors).toEqual([])
  })

  it('the page in the popup requests nothing but its own files: it hands the callback over', async () => {
    const { page } = await open()
    await tool(page, 'whoami')
    const popup = await popupOf(page)
    const requested: string[] = []
    popup.on('request', (request) => requested.push(request.url()))
    await passProvider(popup)
    await text(page, 'answer', 'ada')
    const own = requested.slice(requested.findIndex((url) => url.startsWith(`${site.url}/callback`)))
    expect(own.filter((url) => !url.startsWith(site.url) && !url.startsWith('data:'))).toEqual([])
  })

  it('two tabs are one session, with one registration', async () => {
    const { page, count } = await open()
    const other = await browser.newPage(site.url)
    await text(other, 'status', 'Nobody is signed in.')
    await page.bringToFront()
    await tool(page, 'whoami')
    await passProvider(await popupOf(page))
    await text(page, 'answer', 'ada')
    await other.bringToFront()
    await tool(other, 'whoami')
    await text(other, 'answer', 'ada')
    expect(count('/reg')).toBe(1)
  })

  it('says that the user has cancelled, and that a callback was not for it', async () => {
    const { page } = await open()
    await tool(page, 'whoami')
    const popup = await popupOf(page)
    await popup.locator('a:has-text("Cancel")').click()
    await text(page, 'notice', 'access_denied')
    await page.goto(`${site.url}/callback?error=access_denied&state=unknown`)
    await text(page, 'status', 'Nobody is signed in.')
  })
})
