import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchOptions } from '../helpers/chromium.js'
import { passProvider } from './browser.js'
import { APP, startServers } from './migrate/servers.js'
import { bundled, fileOf, type Part, snippetOf } from './migrate/snippets.js'
import { PATIENCE_MS } from './tab.js'

interface Migration {
  /** Makes the library itself leave what it leaves with other options. */
  readonly rest?: string
  /** What of it is in the browser then, by the beginnings of names. */
  readonly leaves: Kept
}

/** By page of docs/migrate. */
const LIBRARIES: Record<string, Migration> = {
  'oidc-client-ts': {
    rest: 'left-by-oidc-client-ts',
    leaves: { local: ['oidc.'], session: ['oidc.user:'], databases: ['oidc'], cookies: [] },
  },
  'react-oidc-context': {
    rest: 'left-by-oidc-client-ts',
    leaves: { local: ['oidc.'], session: ['oidc.user:'], databases: ['oidc'], cookies: [] },
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
  'keycloak-js': { leaves: { local: ['kc-callback-'], session: [], databases: [], cookies: [] } },
  'appauth-js': { leaves: { local: ['appauth_current', 'my-app.tokens'], session: [], databases: [], cookies: [] } },
}

const controls = `<button id="sign-in">Sign in</button><button id="sign-out">Sign out</button>
<button id="orders">Orders</button><output id="user"></output><output id="result"></output>`
const pageOf = (name: string) => `<!doctype html><title>app</title><link rel="icon" href="data:,">
<div id="app">${name.startsWith('react') ? '' : controls}</div>
<script type="module" src="/clean-up.js"></script><script type="module" src="/app.js"></script>`

let servers: Awaited<ReturnType<typeof startServers>>
let browser: Browser

beforeAll(async () => {
  servers = await startServers()
  const { executablePath, args } = launchOptions()
  const rules = ['*.example.com', '*.auth0.com', '*.microsoftonline.com'].map((host) => `MAP ${host}:443 127.0.0.1:${servers.port}`)
  browser = await chromium.launch({
    executablePath,
    args: [...args.filter((arg) => !arg.startsWith('--host-resolver-rules')), `--host-resolver-rules=${[...rules, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'].join(', ')}`],
  })
})
afterAll(async () => {
  await browser?.close()
  await servers?.close()
})

/** A browser that has one app after another at the same address, and so with the same storage. */
async function visitor(name: string) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, userAgent: name })
  context.setDefaultTimeout(6000)
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(name, error))
  page.on('console', (message) => console.log(name, message.text()))
  return {
    page,
    async deploy(scripts: Record<string, string>) {
      servers.apps.set(name, { ...scripts, '/': pageOf(name) })
      await page.goto(APP)
    },
    close: () => context.close(),
  }
}

const shows = (page: Page, id: string, text: string) => page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor()

type Kept = Readonly<Record<'local' | 'session' | 'databases' | 'cookies', readonly string[]>>

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

/** A sign-in whose server does not answer, so that the library's own records stay. */
async function abandons(page: Page): Promise<void> {
  const leaves = (url: URL) => url.origin !== APP
  await page.route(leaves, (route) => (route.request().isNavigationRequest() ? route.abort() : route.fallback()))
  const failed = page.waitForEvent('requestfailed')
  await page.click('#sign-in')
  await failed
  await page.unroute(leaves)
}

async function signsIn(page: Page): Promise<void> {
  await shows(page, 'user', 'nobody')
  await page.click('#sign-in')
}

async function callsTheApi(page: Page): Promise<void> {
  await shows(page, 'user', 'ada')
  expect(new URL(page.url()).search + new URL(page.url()).hash).toBe('')
  await page.click('#orders')
  await shows(page, 'result', 'orders of ada')
}

async function signsOut(page: Page): Promise<void> {
  await page.click('#sign-out')
  await page.locator('[name=logout][value=yes]').or(page.locator('#user')).first().waitFor()
  await page.locator('[name=logout][value=yes]').click()
  await shows(page, 'user', 'nobody').catch((e) => { console.log(page.url()); throw e })
}

describe.concurrent('the migration from', () => {
  it.for(Object.entries(LIBRARIES))('%s', async ([name, { rest, leaves }], { expect }) => {
    const script = (part: Part) => bundled(snippetOf(name, part))
    const [before, after, cleanUp, others] = await Promise.all([
      script('Before'),
      script('After'),
      script('Clean-up'),
      rest ? bundled(fileOf(`${rest}.ts`)) : '',
    ])
    const { page, deploy, close } = await visitor(name)

    await deploy({ '/app.js': before })
    await signsIn(page)
    await passProvider(page)
    await callsTheApi(page)
    await signsOut(page)
    await signsIn(page)
    await passProvider(page)
    await callsTheApi(page)
    await abandons(page)
    await deploy({ '/app.js': `${others};document.title = 'done'` })
    await page.waitForFunction(() => document.title === 'done')
    const left = await kept(page)
    for (const [place, names] of Object.entries(leaves) as [keyof Kept, string[]][])
      for (const start of names) expect(left[place], place).toContainEqual(expect.stringMatching(`^${start}`))

    await page.evaluate(() => localStorage.setItem('theme', 'dark'))
    await deploy({ '/clean-up.js': cleanUp })
    await expect.poll(() => kept(page)).toEqual({ local: ['theme'], session: [], databases: [], cookies: [] })

    await deploy({ '/clean-up.js': cleanUp, '/app.js': after })
    await signsIn(page)
    await callsTheApi(page)
    await page.reload()
    await callsTheApi(page)
    await signsOut(page)
    await close()
  })
})
