import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import { startDemo } from '../../examples/demo/server.js'
import { launchOptions } from '../helpers/chromium.js'
import { PATIENCE_MS } from './tab.js'

/** An app and its authorization server. */
export interface Site {
  readonly url: string
  readonly issuer: string
  close(): Promise<void>
}

/** The demo, on free ports. */
export const demoSite = (): Promise<Site> => startDemo({ port: 0, providerPort: 0 })

/** The same provider with a page that loads proofkey and does nothing by itself, so that a test calls it (see page.ts). */
export async function bareSite(): Promise<Site> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const provider = await startProvider(browserClient('bare-app', [`${url}/callback`]))
  const { outputFiles } = await build({
    entryPoints: [new URL('./page.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    define: { ISSUER: JSON.stringify(provider.issuer) },
  })
  server.on('request', (request, response) => {
    const script = request.url === '/page.js'
    if (request.url === '/isolated') response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ? outputFiles[0]?.text : '<!doctype html><title>app</title><script src="/page.js"></script>')
  })
  return {
    url,
    issuer: provider.issuer,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await provider.close()
    },
  }
}

/** A site and one Chromium for all tests of a file; a fresh profile for each test. */
export function useBrowser(start: () => Promise<Site>) {
  let site: Site
  let browser: Awaited<ReturnType<typeof chromium.launch>>
  const contexts: BrowserContext[] = []
  beforeAll(async () => {
    site = await start()
    browser = await chromium.launch(launchOptions())
  })
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()))
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })
  return {
    get url() {
      return site.url
    },
    get issuer() {
      return site.issuer
    },
    get callback() {
      return `${site.url}/callback`
    },
    async newContext(): Promise<BrowserContext> {
      const context = await browser.newContext()
      context.setDefaultTimeout(PATIENCE_MS)
      contexts.push(context)
      return context
    },
  }
}

/** Signs in and consents on the provider's own pages. */
export async function passProvider(page: Page, name = 'ada'): Promise<void> {
  await page.locator('[name=login]').fill(name)
  await page.locator('[name=password]').fill('secret')
  await page.locator('[type=submit]').click()
  await page.locator('[name=prompt][value=consent]').waitFor({ state: 'attached' })
  await page.locator('[type=submit]').click()
}

/** The same, and waits for the callback. */
export async function signInAtProvider(page: Page, callback: string, name?: string): Promise<void> {
  await passProvider(page, name)
  await page.waitForURL((address) => address.href.startsWith(callback))
}
