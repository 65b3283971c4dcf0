import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { launchOptions } from '../helpers/chromium.js'
import { APP, startServers } from './migrate/servers.js'
import { bundled, fileOf, snippetOf } from './migrate/snippets.js'
import { PATIENCE_MS } from './tab.js'

interface Migration {
  /** Makes the library itself leave what it leaves with other options. */
  readonly rest?: string
  /** What of it is in the browser then, by the beginnings of names. */
  readonly leaves: Partial<Kept>
}

/** By page of docs/migrate. */
const LIBRARIES: Record<string, Migration> = {
  'oidc-client-ts': {
    rest: 'left-by-oidc-client-ts',
    leaves: { local: ['oidc.'], session: ['oidc.user:'], databases: ['oidc'] },
  },
  'react-oidc-context': {
    rest: 'left-by-oidc-client-ts',
    leaves: { local: ['oidc.'], session: ['oidc.user:'], databases: ['oidc'] },
  },
  'auth0-spa-js': {
    rest: 'left-by-auth0-spa-js',
    leaves: {
      local: ['@@auth0spajs@@'],
      session: ['a0.spajs.txs.my-app'],
      databases: ['auth0-spa-js'],
      cookies: ['auth0.', '_legacy_auth0.', 'a0.spajs.txs.', '_legacy_a0.spajs.txs.'],
    },
  },
  'msal-browser': {
    rest: 'left-by-msal-browser',
    leaves: { local: ['msal.'], session: ['msal.'], databases: ['msal.db'], cookies: ['msal.cache.encryption'] },
  },
  'keycloak-js': { leaves: { local: ['kc-callback-'] } },
  'appauth-js': { leaves: { local: ['appauth_current', 'my-app.tokens'] } },
}

const controls = `<button id="sign-in">Sign in</button><button id="sign-out">Sign out</button>
<button id="orders">Orders</button><output id="user"></output><output id="result"></output>`
const PAGE = `<!doctype html><title>app</title><link rel="icon" href="data:,"><div id="app">${controls}</div>
<script type="module" src="/clean-up.js"></script><script type="module" src="/app.js"></script>`

let servers: Awaited<ReturnType<typeof startServers>>
let browser: Browser

beforeAll(async () => {
  servers = await startServers()
  const { executablePath, args } = launchOptions()
  const rules = ['*.example.com', '*.auth0.com', '*.microsoftonline.com'].map(
    (host) => `MAP ${host}:443 127.0.0.1:${servers.port}`,
  )
  browser = await chromium.launch({
    executablePath,
    args: [
      ...args.filter((arg) => !arg.startsWith('--host-resolver-rules')),
      `--host-resolver-rules=${[...rules, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'].join(', ')}`,
    ],
  })
})
afterAll(async () => {
  await browser?.close()
  await servers?.close()
})

/** A browser that has one app after another at the same address, and so with the same storage. */
async function visitor(name: string) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, userAgent: name })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  return {
    page,
    async deploy(scripts: Record<string, string>) {
      servers.apps.set(name, { ...scripts, '/': PAGE })
      await page.goto(APP)
    },
    close: () => context.close(),
  }
}

type Visitor = Awaited<ReturnType<typeof visitor>>

const shows = (page: Page, id: string, text: string) =>
  page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor()

const PLACES = ['local', 'session', 'databases', 'cookies'] as const
type Kept = Readonly<Record<(typeof PLACES)[number], readonly string[]>>
const NOTHING: Kept = { local: [], session: [], databases: [], cookies: [] }

/** All that the browser keeps for the app, by name. */
async function kept(page: Page): Promise<Kept> {
  const inPage = await page.evaluate(async () => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map(({ name = '' }) => name),
  }))
  const cookies = await page.context().cookies(APP)
  return { ...inPage, cookies: cookies.map(({ name }) => name) }
}

/** A sign-in whose server does not answer, so that the library's own records stay. @returns its URL */
async function abandons(page: Page): Promise<string> {
  const leaves = (url: URL) => url.origin !== APP
  await page.route(leaves, (route) => (route.request().isNavigationRequest() ? route.abort() : route.fallback()))
  const failed = page.waitForEvent('requestfailed')
  await page.click('#sign-in')
  const request = await failed
  await page.unroute(leaves)
  return request.url()
}

async function signsIn(page: Page): Promise<void> {
  await shows(page, 'user', 'nobody')
  await page.click('#sign-in')
}

/** On the server's own page. */
async function logsIn(page: Page): Promise<void> {
  await page.locator('[name=login]').fill('ada')
  await page.locator('[name=password]').fill('secret')
  await page.locator('[type=submit]').click()
}

async function callsTheApi(page: Page): Promise<void> {
  await shows(page, 'user', 'ada')
  await page.click('#orders')
  await shows(page, 'result', 'orders of ada')
}

async function signsOut(page: Page): Promise<void> {
  await page.click('#sign-out')
  await page.locator('[name=logout][value=yes]').or(page.locator('#user')).first().waitFor()
  await page.locator('[name=logout][value=yes]').click()
  await shows(page, 'user', 'nobody')
}

/** Before, after, and the clean-up. */
const scriptsOf = (name: string) =>
  Promise.all([
    bundled(snippetOf(name, 'Before')),
    bundled(snippetOf(name, 'After')),
    bundled(snippetOf(name, 'Clean-up')),
  ])

async function leavesTheRest(page: Page, deploy: Visitor['deploy'], rest: string | undefined): Promise<void> {
  const script = rest ? await bundled(fileOf(`${rest}.ts`)) : ''
  await deploy({ '/app.js': `${script};document.title = 'left'` })
  await page.waitForFunction(() => document.title === 'left')
}

describe.concurrent('the migration from', () => {
  it.for(Object.entries(LIBRARIES))('%s', async ([name, { rest, leaves }], { expect }) => {
    const [before, after, cleanUp] = await scriptsOf(name)
    const { page, deploy, close } = await visitor(name)

    await deploy({ '/app.js': before })
    await signsIn(page)
    await logsIn(page)
    await callsTheApi(page)
    await signsOut(page)
    await signsIn(page)
    await logsIn(page)
    await callsTheApi(page)
    const pending = await abandons(page)
    await leavesTheRest(page, deploy, rest)
    const left = await kept(page)
    for (const place of PLACES)
      for (const start of leaves[place] ?? []) expect(left[place]).toContainEqual(expect.stringMatching(`^${start}`))

    await page.evaluate(() => localStorage.setItem('theme', 'dark'))
    await deploy({ '/clean-up.js': cleanUp })
    await expect.poll(() => kept(page)).toEqual({ ...NOTHING, local: ['theme'] })

    await deploy({ '/clean-up.js': cleanUp, '/app.js': after })
    await page.goto(pending)
    expect(page.url()).toContain('code=')
    // Still signed in at the server: one click, and no form.
    await signsIn(page)
    await callsTheApi(page)
    expect(page.url()).toBe(`${APP}/`)
    await page.reload()
    await callsTheApi(page)
    await signsOut(page)
    expect(page.url()).toBe(`${APP}/`)
    await close()
  })

  it('several of them: the function of the overview removes what all have left', async ({ expect }) => {
    const { page, deploy, close } = await visitor('all')
    for (const [name, { rest }] of Object.entries(LIBRARIES)) {
      const [before] = await scriptsOf(name)
      await deploy({ '/app.js': before })
      await shows(page, 'user', 'nobody')
      await abandons(page)
      await leavesTheRest(page, deploy, rest)
    }
    const left = await kept(page)
    for (const place of PLACES) expect(left[place].length).toBeGreaterThan(1)

    await page.evaluate(() => localStorage.setItem('theme', 'dark'))
    await deploy({ '/clean-up.js': await bundled(snippetOf('index', 'Clean-up')) })
    await expect.poll(() => kept(page)).toEqual({ ...NOTHING, local: ['theme'] })
    await close()
  })
})
