import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { demoSite, signInAtProvider, useBrowser } from './browser.js'
import { findSecret, watch } from './sweep.js'

const browser = useBrowser(demoSite)
let context: BrowserContext
let page: Page
const failures: string[] = []

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  failures.length = 0
  page.on('pageerror', (error) => failures.push(String(error)))
})

const outcome = () => page.getByTestId('outcome')

/** As a person does: sign in, look, go on to the server, come back. */
async function signIn(beforeLeaving = async () => {}): Promise<void> {
  await page.goto(browser.url)
  await page.getByTestId('sign-in').click()
  await page.locator('[data-testid=outcome][data-state=held]').waitFor()
  await beforeLeaving()
  await page.getByTestId('continue').click()
  await signInAtProvider(page, browser.callback)
  await page.locator('[data-testid=outcome][data-state=signed-in]').waitFor()
}

describe('the demo', () => {
  it('signs a person in and shows the claims', async () => {
    await signIn(async () => {
      expect(await page.getByTestId('sealed-record').textContent()).toBeTruthy()
      expect(await page.getByTestId('extractable').textContent()).toContain('false')
      expect(await page.getByTestId('export-refusal').textContent()).toMatch(/InvalidAccessError|not extractable/)
      // No sign-in of this browser is over yet: the other record is the server's metadata.
      expect(await page.getByTestId('spent').count()).toBe(0)
      expect(await page.getByTestId('metadata').textContent()).toContain(' characters)')
    })
    expect(await page.getByTestId('spent').textContent()).toContain('1 spent record:')
    expect(await page.getByTestId('claims').textContent()).toContain('ada')
    expect(page.url()).toBe(`${browser.url}/`)
    expect(failures).toEqual([])
  })

  it('says so when the person says no', async () => {
    await page.goto(browser.url)
    await page.getByTestId('pause').uncheck()
    await page.getByTestId('sign-in').click()
    await page.locator('a:has-text("Cancel")').click()
    await page.locator('[data-testid=outcome][data-state=failed]').waitFor()
    expect(await outcome().getAttribute('data-code')).toBe('access_denied')
    expect(page.url()).toBe(`${browser.url}/`)
  })

  it('greets a person without a name', async () => {
    await page.goto(browser.url)
    await page.getByTestId('pause').uncheck()
    await page.getByTestId('sign-in').click()
    await signInAtProvider(page, browser.callback, 'nobody')
    await outcome().getByText('Signed in as nobody.').waitFor()
  })

  it.each([
    ['replay', 'already_completed'],
    ['state', 'unknown_state'],
    ['issuer', 'callback_issuer_mismatch'],
    ['verifier', 'invalid_grant'],
    ['record', 'record_unreadable'],
  ])('refuses the attempt "%s", and lets the honest one through', async (attack, code) => {
    await signIn()
    await page.getByTestId(`attack-${attack}`).click()
    const result = page.locator(`[data-testid=outcome-${attack}][data-code="${code}"]`)
    await result.waitFor()
    expect(await result.getAttribute('data-state')).toBe('refused')
    await result.locator('section[data-kind=honest]').waitFor()
    // Keyboard and screen reader stay where the person was.
    await page.waitForFunction(() => document.activeElement !== document.body)
    expect(failures).toEqual([])
  })
})

describe('the verifier', () => {
  it('is nowhere but in the body of the one token request', async () => {
    const { traces, tokenRequests, collect } = watch(context)
    const observer = await context.newPage()
    await observer.goto(`${browser.url}/icon.svg`)
    await signIn(async () => {
      await collect(page)
      await collect(observer)
    })
    await collect(page)
    await collect(observer)
    await page.reload()
    await collect(page)

    expect(tokenRequests).toHaveLength(1)
    const sent = new URLSearchParams(tokenRequests[0])
    const verifier = sent.get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[\w-]{43}$/)
    expect(findSecret(traces, verifier)).toEqual([])

    // The same eyes see what is there: the sealed record, the authorization request, the callback.
    expect(traces.join()).toContain('"extractable":false')
    expect(traces.join()).toContain('code_challenge=')
    expect(findSecret(traces, sent.get('code') ?? '')).not.toEqual([])
  })

  it('would be found in any place it could be put', async () => {
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const places: Record<string, (secret: string) => unknown> = {
      localStorage: (secret) => localStorage.setItem('x', JSON.stringify({ a: secret })),
      sessionStorage: (secret) => sessionStorage.setItem('x', btoa(`..${secret}..`)),
      cookie: (secret) => {
        // biome-ignore lint/suspicious/noDocumentCookie: a place a verifier could be put
        document.cookie = `x=${secret}`
      },
      name: (secret) => {
        window.name = secret
      },
      history: (secret) => history.replaceState({ secret }, ''),
      url: (secret) => history.replaceState(null, '', `?x=${secret}`),
      console: (secret) => console.log(secret),
      request: (secret) =>
        new Promise((resolve) => {
          const image = new Image()
          image.onload = resolve
          image.src = `/icon.svg?x=${secret}`
        }),
      cache: async (secret) => (await caches.open('x')).put('/x', new Response(secret)),
      indexedDB: (secret) =>
        new Promise((resolve) => {
          const opening = indexedDB.open('x')
          opening.onupgradeneeded = () => opening.result.createObjectStore('x')
          opening.onsuccess = () => {
            const transaction = opening.result.transaction('x', 'readwrite')
            transaction.objectStore('x').put(new TextEncoder().encode(secret), 1)
            transaction.oncomplete = resolve
          }
        }),
    }
    for (const [name, put] of Object.entries(places)) {
      const own = await browser.newContext()
      const { traces, collect } = watch(own)
      const there = await own.newPage()
      await there.goto(`${browser.url}/icon.svg`)
      await there.goto(`${browser.url}/callback`)
      await there.evaluate(put, verifier)
      await collect(there)
      expect(findSecret(traces, verifier), name).not.toEqual([])
    }
  })
})
