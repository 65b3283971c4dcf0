import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { listener } from '../../examples/lib/listener.js'
import { until } from '../helpers/until.js'
import { passProvider, useBrowser } from './browser.js'
import { SERVER_EXAMPLES, type ServerSite } from './server-examples.js'

const COOKIE = '__Host-session'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request as it stands here: Node's `fetch` would say by itself that it is one. */
const ask = (url: string, headers: Record<string, string> = {}, method = 'GET', body = '') =>
  new Promise<Answer>((resolve, reject) => {
    const asking = request(url, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    asking.on('error', reject).end(body)
  })

/** A page that sends a form to where its own fragment says, as soon as somebody looks at it. */
const TRAP = `<!doctype html><form method="post"><input name='{"code":"x","x":"' value='"}'></form>
<script>const [type, action] = decodeURIComponent(location.hash.slice(1)).split(' ')
Object.assign(document.forms[0], { action, enctype: type }).submit()</script>`

let trap: Server
beforeAll(async () => {
  trap = createServer((_, response) => response.setHeader('content-type', 'text/html').end(TRAP))
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
})
afterAll(() => trap?.close())
afterEach(() => void vi.useRealTimers())

/** The trap at another port, which is the same site and gets its cookies; and at another site. */
const TRAP_HOSTS = ['localhost', '127.0.0.1']
const FORM = 'application/x-www-form-urlencoded'

async function fallInto(page: Page, host: string, action: string, type = FORM) {
  const answer = page.waitForResponse((response) => response.request().method() === 'POST' && response.url() === action)
  await page.goto(`http://${host}:${(trap.address() as AddressInfo).port}/#${encodeURIComponent(`${type} ${action}`)}`)
  return answer
}

it('the table has every example whose server signs people in', () => {
  const examples = new URL('../../examples/', import.meta.url).pathname
  const folders = readdirSync(examples).filter((folder) =>
    readdirSync(examples + folder, { recursive: true })
      .filter((path) => String(path).endsWith('.ts'))
      .some((path) => readFileSync(`${examples}${folder}/${path}`, 'utf8').includes('createServerClient(')),
  )
  expect(SERVER_EXAMPLES.map(({ folder }) => folder)).toEqual(folders)
})

describe.each(SERVER_EXAMPLES)('the example $folder', ({ start, whoAmI }) => {
  let site: ServerSite
  const browser = useBrowser(async () => {
    site = await start()
    return site
  })
  let context: BrowserContext
  let page: Page

  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })

  const sessionId = async () => (await context.cookies(browser.url)).find(({ name }) => name === COOKIE)?.value ?? ''
  const cookie = async () => `${COOKIE}=${await sessionId()}`
  /** Whom the server knows by a cookie, whatever browser it is in now. */
  const known = async (cookie: string) => /\bada\b/.test((await ask(browser.url + whoAmI, { cookie })).text)
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
    for (const headers of [
      { origin: 'https://other.example' },
      { origin: 'null' },
      { origin: 'http://localhost:1', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' },
      { origin: 'null', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
    ]) {
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

    if (whoAmI !== '/') return
    // A second sign-in, at which the provider asks nothing.
    await page.goto(`${browser.url}/login`)
    await says('Signed in as ada.')
    expect([await known(first), await known(await cookie())]).toEqual([false, true])
  })

  it('ends a session when its time is over, whatever the cookie says', async () => {
    await signIn()
    const copy = await cookie()
    expect(await known(copy)).toBe(true)
    await site.passLifetime()
    expect(await known(copy)).toBe(false)
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

describe('the same form, where a server does not ask who sends it', () => {
  let app: Server
  const browser = useBrowser(async () => {
    app = createServer(
      listener({
        'GET /': () =>
          new Response('in', { headers: { 'set-cookie': `${COOKIE}=x; Path=/; Secure; HttpOnly; SameSite=Lax` } }),
        'POST /logout': () =>
          new Response('out', { headers: { 'set-cookie': `${COOKIE}=; Max-Age=0; Path=/; Secure; HttpOnly` } }),
      }),
    )
    await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve))
    const url = `http://localhost:${(app.address() as AddressInfo).port}`
    return { url, issuer: url, close: async () => void app.close().closeAllConnections() }
  })

  it.each(TRAP_HOSTS)('signs people out from %s', async (host) => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(browser.url)
    expect(await context.cookies(browser.url)).toHaveLength(1)
    await fallInto(page, host, `${browser.url}/logout`)
    await until(async () => (await context.cookies(browser.url)).length === 0)
  })
})
