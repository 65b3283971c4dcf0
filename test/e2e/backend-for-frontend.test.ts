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
  /** The values of all tokens that the provider has issued. */
  const tokens: string[] = []
  const browser = useBrowser(async () => {
    const example = await startBackendForFrontend(0)
    const issued = ({ jti }: { readonly jti: string }) => void tokens.push(jti)
    example.provider.on('access_token.saved', issued).on('refresh_token.saved', issued)
    return example
  })
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
    expect(tokens.length).toBeGreaterThan(1)
    const seen = [...read, await heapOf(page), JSON.stringify(await page.evaluate(stored))]
    for (const text of seen) for (const token of tokens) expect(text.includes(token)).toBe(false)
    expect(read.join()).toContain('"sub":"ada"')
    expect(seen[read.length]).toContain('Signed in as ada')
    expect(await page.evaluate(stored)).toEqual([{}, {}, [], []])
    await page.getByText('Sign out').click()
    await page.locator('[type=submit][value=yes]').click()
    await says('Nobody is signed in.')
    expect(await context.cookies(browser.url)).toEqual([])
  })

  it('signs in and out in all tabs', async () => {
    await page.goto(browser.url)
    await says('Nobody is signed in.')
    const second = await context.newPage()
    await second.goto(browser.url)
    await second.getByText('Sign in').click()
    await signInAtProvider(second, browser.url)
    await says('Signed in as ada.')
    await second.getByText('Sign out').click()
    // Before the provider is told, and whether or not it is.
    await second.locator('[type=submit][value=yes]').waitFor()
    await says('Nobody is signed in.')
    await page.reload()
    await says('Nobody is signed in.')
    await second.goBack()
    await second.getByText('Nobody is signed in.').waitFor()
  })

  it('notices at a call that the session has ended', async () => {
    await signIn()
    await context.clearCookies()
    await page.getByText('Call the API').click()
    await says('Nobody is signed in.')
  })

  it('notices when it is online again', async () => {
    await signIn()
    await context.setOffline(true)
    await page.getByText('Call the API').click()
    await says('Failed to fetch')
    await says('Signed in as ada.')
    await context.clearCookies()
    await context.setOffline(false)
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

/** All that a script of the page finds in its storage. */
async function stored() {
  const databases = (await indexedDB.databases()).map(({ name }) => name)
  return [{ ...window['localStorage'] }, { ...window['sessionStorage'] }, databases, await caches.keys()]
}

/** All strings in the memory of the page. */
async function heapOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page)
  const chunks: string[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void chunks.push(chunk))
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  return chunks.join('')
}
