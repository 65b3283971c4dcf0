import { readdirSync, readFileSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../examples/lib/example.js'
import { startReact } from '../../examples/react/serve.js'
import { startSvelte } from '../../examples/svelte/serve.js'
import { startVue } from '../../examples/vue/serve.js'
import { passProvider, useBrowser } from './browser.js'

describe.each([
  // StrictMode runs each effect twice.
  ['React', startReact, 2],
  ['Vue', startVue, 1],
  ['Svelte', startSvelte, 1],
] as const)('%s', (_, start, mounts) => {
  let site: RunningExample
  const browser = useBrowser(async () => {
    site = await start()
    return site
  })
  let context: BrowserContext
  let page: Page
  /** The last URL that the provider sent the browser back to. */
  let callback: string
  let grants: string[]
  let apiCalls: { status: number; token: string }[]
  let revocations: number[]
  let faults: string[]

  beforeEach(async () => {
    context = await browser.newContext()
    grants = []
    apiCalls = []
    revocations = []
    faults = []
    context.on('request', (request) => {
      if (request.url().startsWith(`${browser.callback}?`)) callback = request.url()
      const grant = new URLSearchParams(request.postData() ?? '').get('grant_type')
      if (grant) grants.push(grant)
    })
    context.on('response', (response) => {
      const { authorization = '' } = response.request().headers()
      if (response.url().endsWith('/revocation') && response.request().method() === 'POST')
        revocations.push(response.status())
      if (response.url().endsWith('/visits'))
        apiCalls.push({ status: response.status(), token: authorization.slice(7) })
    })
    context.on('weberror', (error) => faults.push(String(error.error())))
    context.on('console', (message) => {
      // What the page's own code or its policy brings about; not an icon that the provider lacks, nor the API's 401.
      const own = message.location().url.startsWith(browser.url)
      if (own && ['error', 'warning'].includes(message.type())) faults.push(message.text())
    })
    page = await context.newPage()
  })
  afterEach(() => expect(faults).toEqual([]))

  const says = (text: string, on = page) => on.getByText(text, { exact: true }).waitFor()
  const click = (label: string, on = page) => on.getByRole('button', { name: label, exact: true }).click()

  async function signIn(name = 'ada'): Promise<void> {
    await page.goto(browser.url)
    await click('Sign in')
    await passProvider(page, name)
    await says(`Signed in as ${name}.`)
  }

  it('signs a person in with one token request, and keeps the session over a reload', async () => {
    await page.addInitScript(() => {
      const { pushState, replaceState } = history
      const calls: unknown[] = []
      Object.assign(globalThis, { goneOnTo: calls })
      history.pushState = (...given) => pushState.apply(history, given)
      history.replaceState = (...given) => {
        calls.push(given[2])
        replaceState.apply(history, given)
      }
    })
    await signIn()
    expect(page.url()).toBe(`${browser.url}/`)
    // The callback was handled as often as the framework wanted it, and the code spent once.
    const goneOnTo = await page.evaluate(() => (globalThis as unknown as { goneOnTo: unknown[] }).goneOnTo)
    expect(goneOnTo.filter((path) => path === '/')).toHaveLength(mounts)
    expect(grants).toEqual(['authorization_code'])
    await page.reload()
    await says('Signed in as ada.')
    expect(grants).toEqual(['authorization_code'])
  })

  it('tells all tabs who has signed in and out, without a reload', async () => {
    const other = await context.newPage()
    await other.goto(browser.url)
    await says('Nobody is signed in.', other)
    let loads = 0
    other.on('load', () => loads++)
    await signIn()
    await says('Signed in as ada.', other)
    await click('Sign out')
    await says('Nobody is signed in.', other)
    // The provider asks whether its own session is to end too.
    await page.locator('[type=submit][value=yes]').click()
    await says('Nobody is signed in.')
    expect(page.url()).toBe(`${browser.url}/`)
    await page.reload()
    await says('Nobody is signed in.')
    expect(loads).toBe(0)
    expect(revocations).toEqual([200, 200])
  })

  it('calls an API, and gets a new token for one that the provider has destroyed', async () => {
    await signIn()
    await click('Call the API')
    await says('The API has seen ada once.')
    const { token = '' } = apiCalls[0] ?? {}
    await (await site.provider.AccessToken.find(token))?.destroy()
    await click('Call the API')
    await says('The API has seen ada 2 times.')
    expect(apiCalls.map(({ status }) => status)).toEqual([200, 401, 200])
    expect(apiCalls.map((call) => call.token === token)).toEqual([true, true, false])
    expect(grants).toEqual(['authorization_code', 'refresh_token'])
  })

  it('says that an API is offline, and goes on when it is back', async () => {
    await signIn()
    await context.route('**/visits', (route) => route.abort('connectionrefused'))
    await click('Call the API')
    await page.getByRole('alert').filter({ hasText: 'Failed to fetch' }).waitFor()
    await context.unroute('**/visits')
    await click('Call the API')
    await page.getByRole('status').filter({ hasText: 'The API has seen ada' }).waitFor()
  })

  it('greets a person without a name', () => signIn('nobody'))

  it('says what went wrong', async () => {
    await page.goto(browser.url)
    await click('Sign in')
    await page.locator('a:has-text("Cancel")').click()
    await page.getByRole('alert').filter({ hasText: 'access_denied: ' }).waitFor()
    await says('Nobody is signed in.')
    expect(page.url()).toBe(`${browser.url}/`)
    await signIn()
    await page.goto(callback)
    await page.getByRole('alert').filter({ hasText: 'already_completed: ' }).waitFor()
    await says('Signed in as ada.')
  })
})

it.each(['react', 'svelte', 'vue'])('examples/%s takes under 100 lines', (name) => {
  const folder = new URL(`../../examples/${name}/src/`, import.meta.url).pathname
  const text = readdirSync(folder).map((file) => readFileSync(folder + file, 'utf8').trim())
  const lines = text.join('\n').split('\n').length
  expect(lines).toBeGreaterThan(30)
  expect(lines).toBeLessThan(100)
})
