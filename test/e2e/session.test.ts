import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { signInAtProvider, useBrowser } from './browser.js'
import { type SessionSite, sessionSite } from './session-site.js'
import { findSecret, watch } from './sweep.js'

let site: SessionSite
const browser = useBrowser(async () => {
  site = await sessionSite()
  site.provider.use(async (ctx, next) => {
    await next()
    if (ctx.path !== '/token/revocation') return
    revocations.push(String(Object(ctx['oidc']).params?.token_type_hint))
    if (revocations.at(-1) === 'access_token') await held
  })
  return site
})
let context: BrowserContext
/** The kinds of the tokens that were to be revoked; the answers for access tokens wait for `held`. */
const revocations: string[] = []
let held: Promise<void> | undefined
let page: Page
/** The refresh tokens that were sent to the provider. */
let refreshes: string[]

beforeEach(async () => {
  site.accessTokenSeconds = 3600
  context = await browser.newContext()
  page = await context.newPage()
  refreshes = []
  revocations.length = 0
  held = undefined
  context.on('request', (request) => {
    const body = new URLSearchParams(request.postData() ?? '')
    if (body.get('grant_type') === 'refresh_token') refreshes.push(body.get('refresh_token') ?? '')
  })
})

const get = (path: string, on = page) =>
  on.evaluate(({ api, path }) => told(async () => (await apiFetch(api + path)).json()), {
    api: site.api,
    path,
  })
const token = (on = page) => on.evaluate(() => told(() => auth.getAccessToken()))
const subject = (on = page) => on.evaluate(() => auth.session?.claims?.sub)
const finish = (on = page) => on.evaluate(async () => void (await auth.handleCallback()))

async function signIn(): Promise<void> {
  await page.goto(browser.url)
  await page.evaluate(() => void auth.signIn())
  await signInAtProvider(page, browser.callback)
  await finish()
  await page.goto(browser.url)
  await page.evaluate(() => auth.restore())
}

/** More tabs of the same browser, with the session restored. */
async function tabs(count: number): Promise<Page[]> {
  const pages = await Promise.all(Array.from({ length: count }, () => context.newPage()))
  for (const tab of pages) {
    await tab.goto(browser.url)
    await tab.evaluate(() => auth.restore())
  }
  return pages
}

describe('a session', () => {
  it('outlives reloads, and calls the API without a refresh', async () => {
    await signIn()
    expect(await subject()).toBe('ada')
    expect(await get('/me')).toEqual({ subject: 'ada' })
    await page.reload()
    expect(await subject()).toBeUndefined()
    await page.evaluate(() => auth.restore())
    expect(await get('/me')).toEqual({ subject: 'ada' })
    expect(await page.evaluate(async () => (await userInfo())['name'])).toBe('ada')
    expect(refreshes).toEqual([])
  })

  it('needs one request of metadata for all its pages', async () => {
    const metadata: string[] = []
    context.on('request', (request) => {
      if (request.method() === 'GET' && request.url().includes('/.well-known/')) metadata.push(request.url())
    })
    await signIn()
    await page.evaluate(() => auth.preload())
    await page.reload()
    await page.evaluate(() => void auth.signIn())
    // The provider's session answers at once.
    await page.waitForURL((url) => url.href.startsWith(browser.callback))
    await finish()
    expect(await subject()).toBe('ada')
    expect(metadata).toHaveLength(1)
  })

  it('lies nowhere in plain text: no token in storage, URL, history, console or messages', async () => {
    const { traces, tokenRequests, collect } = watch(context)
    const given: string[] = []
    // Read before the page has it: a page that goes on takes its answers with it.
    await context.route('**/token', async (route) => {
      const response = await route.fetch()
      const { access_token, refresh_token, id_token } = await response.json()
      given.push(access_token, refresh_token, id_token)
      await route.fulfill({ response })
    })
    site.accessTokenSeconds = 1
    await signIn()
    await collect(page)
    await page.evaluate(
      (owner) => {
        new BroadcastChannel(`proofkey session ${owner}`).onmessage = ({ data }) =>
          console.log('told', JSON.stringify(data))
      },
      JSON.stringify([site.issuer, 'session-app']),
    )
    await page.waitForTimeout(1100)
    await token()
    await page.waitForFunction(() => events.some(({ type }) => type === 'tokens_refreshed'))
    await collect(page)
    expect(tokenRequests.length).toBeGreaterThanOrEqual(2)
    expect(given.length).toBeGreaterThanOrEqual(6)
    // A request's own header is where an access token belongs.
    const elsewhere = traces.filter((trace) => !trace.startsWith('request: ') || !trace.includes(site.api))
    for (const secret of given) expect(findSecret(elsewhere, secret), secret.slice(0, 4)).toEqual([])
    expect(traces.join()).toContain('told "changed"')
    expect(traces.join()).toContain('proofkey-sessions')
    expect(traces.join()).toContain('"extractable":false')
  })
})

describe('ten tabs', () => {
  it('that expire together make one refresh, and all have the new token', async () => {
    site.accessTokenSeconds = 4
    await signIn()
    const pages = [page, ...(await tabs(9))]
    // Their timers would refresh one after the other, ahead of time.
    for (const tab of pages) await tab.evaluate(() => auth.close())
    const before = refreshes.length
    await page.waitForTimeout(4100)
    site.accessTokenSeconds = 3600
    const tokens = await Promise.all(pages.map((tab) => token(tab)))
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]).toEqual(expect.stringMatching(/^[\w-]{20,}$/))
    expect(refreshes.slice(before)).toHaveLength(1)
    expect(new Set(refreshes).size).toBe(refreshes.length)
    expect(await Promise.all(pages.map((tab) => get('/me', tab)))).toEqual(pages.map(() => ({ subject: 'ada' })))
  })

  it('are signed out together, and nothing is left', async () => {
    await signIn()
    const pages = await tabs(9)
    await page.evaluate(() => auth.signOut({ atServer: false }))
    for (const tab of pages) {
      await tab.waitForFunction(() => !auth.session)
      expect(await token(tab)).toHaveProperty('code', 'login_required')
      expect(await tab.evaluate(() => events.at(-1)?.reason)).toBe('elsewhere')
    }
    await page.reload()
    expect(await page.evaluate(() => auth.restore())).toBeUndefined()
  })

  it.each<[string, () => Promise<unknown>]>([
    ['goes elsewhere', () => page.goto('about:blank')],
    ['is reloaded', () => page.reload()],
    ['is closed', () => page.close()],
  ])('is revoked whole by a page that %s before the first answer', async (_, leave) => {
    await signIn()
    let release = () => {}
    held = new Promise((resolve) => {
      release = resolve
    })
    await page.evaluate(() => void auth.signOut({ atServer: false }))
    await expect.poll(() => revocations).toEqual(['access_token'])
    await leave()
    await expect.poll(() => revocations).toEqual(['access_token', 'refresh_token'])
    release()
  })
})

describe('a refresh', () => {
  it('whose answer is lost ends in a clean sign-in, not in a loop', async () => {
    await signIn()
    const found = await site.provider.AccessToken.find(String(await token()))
    await found?.destroy()
    await context.route('**/token', async (route) => {
      await route.fetch()
      await route.abort('connectionreset')
    })
    expect(await get('/me')).toHaveProperty('code', 'network_error')
    expect(await subject()).toBe('ada')
    await context.unroute('**/token')
    expect(await get('/me')).toHaveProperty('code', 'token_request_refused')
    expect(await get('/me')).toHaveProperty('code', 'login_required')
    expect(refreshes).toHaveLength(2)
    // The provider still knows the person, but has ended the grant.
    await page.evaluate(() => void auth.signIn())
    await page.locator('[name=prompt][value=consent]').waitFor({ state: 'attached' })
    await page.locator('[type=submit]').click()
    await page.waitForURL((url) => url.href.startsWith(browser.callback))
    await finish()
    expect(await get('/me')).toEqual({ subject: 'ada' })
  })

  it('follows a 401 of the API, once', async () => {
    await signIn()
    const found = await site.provider.AccessToken.find(String(await token()))
    await found?.destroy()
    expect(await get('/me')).toEqual({ subject: 'ada' })
    expect(refreshes).toHaveLength(1)
  })
})

describe('an API that wants more', () => {
  it('scope: the refusal signs in for it, and the session keeps what it had', async () => {
    await signIn()
    expect(await get('/orders')).toEqual({ code: 'insufficient_scope', requirements: { scope: 'orders' } })
    await page.evaluate(() => void refusal?.signIn?.({ returnTo: '/orders' }))
    await page.locator('[name=prompt][value=consent]').waitFor({ state: 'attached' })
    await page.locator('[type=submit]').click()
    await page.waitForURL((url) => url.href.startsWith(browser.callback))
    await finish()
    expect(await page.evaluate(() => auth.session?.scope.split(' ').sort())).toEqual(['openid', 'orders', 'profile'])
    expect(await get('/orders')).toEqual({ subject: 'ada' })
  })

  it('a fresh sign-in (RFC 9470): the refusal asks for it, and auth_time is held against it', async () => {
    await signIn()
    await page.waitForTimeout(3100)
    expect(await get('/transfer')).toEqual({ code: 'step_up_required', requirements: { maxAgeSeconds: 2 } })
    await page.evaluate(() => void refusal?.signIn?.())
    await page.locator('[name=login]').fill('ada')
    await page.locator('[name=password]').fill('secret')
    await page.locator('[type=submit]').click()
    await page.waitForURL((url) => url.href.startsWith(browser.callback))
    await finish()
    expect(await get('/transfer')).toEqual({ subject: 'ada' })
  })
})

describe('sign-out', () => {
  it('is local first, then at the server, and comes back with a checked state', async () => {
    await signIn()
    const used = String(await token())
    await page.evaluate(() => void auth.signOut({ returnTo: '/hello' }))
    await page.waitForURL(/\/session\/end\?/)
    expect(await site.provider.AccessToken.find(used)).toBeUndefined()
    await page.locator('[name=logout], button[type=submit]').first().click()
    await page.waitForURL((url) => url.href.startsWith(`${browser.url}/?state=`))
    const back = page.url()
    expect(await page.evaluate(() => auth.handleSignedOut())).toEqual({ returnTo: '/hello' })
    expect(page.url()).toBe(`${browser.url}/`)
    await page.goto(back)
    expect(await page.evaluate(() => told(() => auth.handleSignedOut()))).toHaveProperty('code', 'unknown_state')
    expect(await page.evaluate(() => auth.restore())).toBeUndefined()
  })
})
