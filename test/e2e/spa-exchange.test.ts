import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../examples/lib/example.js'
import { startSpaExchange } from '../../examples/spa-exchange/serve.js'
import { signInAtProvider, useBrowser } from './browser.js'
import { findSecret, watch } from './sweep.js'

let site: RunningExample
const browser = useBrowser(async () => {
  site = await startSpaExchange()
  return site
})
let context: BrowserContext
let page: Page
let callbacks: string[]

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  callbacks = []
  page.on('request', (request) => {
    if (request.url().startsWith(`${browser.callback}?`)) callbacks.push(request.url())
  })
})

const status = (text: RegExp, on = page) => on.getByTestId('status').filter({ hasText: text }).waitFor()
const exchangeUrl = () => `${browser.url}/auth/exchange`

async function leave(): Promise<void> {
  await page.goto(browser.url)
  await page.getByText('Sign in', { exact: true }).click()
}

async function signIn(): Promise<void> {
  await leave()
  await signInAtProvider(page, browser.callback)
  await status(/^Signed in as ada\.$/)
}

/** Comes back from the provider, and the server is out of reach. @returns the exchange that did not arrive */
async function signInOffline(): Promise<string> {
  let body = ''
  await page.route(exchangeUrl(), (route) => {
    body = route.request().postData() ?? ''
    return route.abort()
  })
  await leave()
  await signInAtProvider(page, browser.callback)
  await status(/^network_error/)
  await page.unroute(exchangeUrl())
  return body
}

describe('a browser app and the exchange on its server', () => {
  it('sign a person in for the page and for the server, and out', async () => {
    await signIn()
    expect(page.url()).toBe(`${browser.url}/`)
    await page.reload()
    await status(/^Signed in as ada\.$/)
    await page.getByText('Sign out').click()
    await page.locator('[type=submit][value=yes]').click()
    await status(/^Nobody is signed in\.$/)
    await page.reload()
    await status(/^Nobody is signed in\.$/)
  })

  it('keep the verifier in the exchange and the tokens on the server', async () => {
    const granted: string[] = []
    const remember = (ctx: { body: unknown }) => {
      const { access_token, id_token } = ctx.body as Record<string, string>
      granted.push(access_token ?? '', id_token ?? '')
    }
    site.provider.on('grant.success', remember)
    const { traces, collect } = watch(context)
    const exchanges: string[] = []
    context.on('response', async (response) => {
      if (new URL(response.url()).origin !== browser.url) return
      if (response.url() === exchangeUrl()) exchanges.push(response.request().postData() ?? '')
      traces.push(`answer: ${await response.text().catch(() => '')}`)
    })
    await leave()
    await page.waitForURL((url) => url.origin === browser.issuer)
    // The page is at the provider now; another one of its origin sees what waits for it.
    const observer = await context.newPage()
    await observer.goto(`${browser.url}/main.js`)
    await collect(observer)
    await signInAtProvider(page, browser.callback)
    await status(/^Signed in as ada\.$/)
    await collect(page)
    await page.reload()
    await status(/^Signed in as ada\.$/)
    await collect(page)
    site.provider.off('grant.success', remember)

    expect(exchanges).toHaveLength(1)
    const { codeVerifier, idToken } = JSON.parse(exchanges[0] ?? '')
    expect(codeVerifier).toMatch(/^[\w-]{43}$/)
    const elsewhere = traces.filter((trace) => !trace.startsWith(`body of ${exchangeUrl()}`))
    expect(elsewhere).toHaveLength(traces.length - 1)
    expect(findSecret(elsewhere, codeVerifier)).toEqual([])

    expect(granted).toHaveLength(2)
    for (const token of granted) {
      expect(token.length).toBeGreaterThan(20)
      expect(findSecret(traces, token)).toEqual([])
    }
    // The same eyes see what is there: the claims that the server chose to give.
    expect(
      findSecret(
        traces.filter((trace) => trace.startsWith('answer: ')),
        idToken.nonce,
      ),
    ).toHaveLength(1)
  })

  it('share a session that no script can read', async () => {
    await signIn()
    const [session, ...more] = await context.cookies(browser.url)
    expect(more).toEqual([])
    expect(session).toMatchObject({ name: '__Host-session', httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  it('say so when the person says no', async () => {
    await leave()
    await page.locator('a:has-text("Cancel")').click()
    await status(/^access_denied: /)
    expect(page.url()).toBe(`${browser.url}/`)
  })

  it('say so when the provider is out of reach', async () => {
    await page.goto(browser.url)
    await context.route(`${browser.issuer}/**`, (route) => route.abort())
    await page.getByText('Sign in', { exact: true }).click()
    await status(/^network_error: /)
  })

  it('refuse a callback that was used before', async () => {
    await signIn()
    await page.goto(callbacks[0] ?? '')
    await status(/^already_completed: /)
  })

  it('refuse a callback of another browser', async () => {
    await signIn()
    const victim = await (await browser.newContext()).newPage()
    await victim.goto(callbacks[0] ?? '')
    await status(/^unknown_state: /, victim)
  })

  it('tell what the provider thinks of a code that it did not issue', async () => {
    let state = ''
    page.on('request', (request) => {
      state = new URL(request.url()).searchParams.get('state') ?? state
    })
    await leave()
    await page.locator('[name=login]').waitFor()
    await page.goto(`${browser.callback}?${new URLSearchParams({ code: 'invented', state, iss: browser.issuer })}`)
    await status(/^token_request_refused: /)
  })

  it('go on where the network failed', async () => {
    await signInOffline()
    await page.reload()
    await status(/^Signed in as ada\.$/)
  })
})

describe('the exchange', () => {
  it('takes nothing from another origin, be it of the same site, and spends nothing', async () => {
    const body = await signInOffline()
    const origins = [browser.issuer, browser.issuer.replace('127.0.0.1', 'localhost')]
    for (const origin of origins) {
      const stranger = await context.newPage()
      await stranger.goto(`${origin}/.well-known/openid-configuration`)
      const answers = stranger.waitForResponse(exchangeUrl())
      const outcomes = await stranger.evaluate(
        async ({ url, body }) => {
          const headers = { 'content-type': 'application/json', 'x-proofkey': 'exchange' }
          const read = fetch(url, { method: 'POST', credentials: 'include', headers, body })
          const [reading] = await Promise.allSettled([read])
          // Without asking first: no header of its own, a type that forms have.
          const blind = await fetch(url, { method: 'POST', credentials: 'include', mode: 'no-cors', body })
          return { reading: reading.status, blind: blind.type }
        },
        { url: exchangeUrl(), body },
      )
      expect(outcomes).toEqual({ reading: 'rejected', blind: 'opaque' })
      const answer = await answers
      expect(answer.status()).toBeGreaterThanOrEqual(400)
      expect(Object.keys(await answer.allHeaders()).filter((name) => /access-control|set-cookie/.test(name))).toEqual(
        [],
      )
    }
    expect(await context.cookies(browser.url)).toEqual([])
    // The code is still good, for the page that asked for it.
    await page.reload()
    await status(/^Signed in as ada\.$/)
  })

  it.each([
    ['OPTIONS', { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-proofkey' }],
    ['POST', { 'content-type': 'application/json', 'x-proofkey': 'exchange' }],
  ])('answers %s from elsewhere without a word of CORS', async (method, headers) => {
    const body = method === 'POST' ? { body: '{}' } : {}
    const answer = await fetch(exchangeUrl(), {
      method,
      ...body,
      headers: { ...headers, origin: 'https://other.example' },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    if (method === 'POST') expect(await answer.json()).toHaveProperty('code', 'exchange_refused')
  })

  it('is answered once', async () => {
    const body = await signInOffline()
    const again = () =>
      page.evaluate(
        async ({ url, body }) => {
          const headers = { 'content-type': 'application/json', 'x-proofkey': 'exchange' }
          const answer = await fetch(url, { method: 'POST', headers, body })
          return { status: answer.status, code: (await answer.json()).code }
        },
        { url: exchangeUrl(), body },
      )
    expect(await again()).toEqual({ status: 200, code: undefined })
    expect(await again()).toEqual({ status: 400, code: 'token_request_refused' })
  })
})
