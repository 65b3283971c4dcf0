import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { launchOptions } from '../helpers/chromium.js'
import { listen } from '../helpers/loopback.js'
import type { PageServer } from './browser-page.js'
import type { StartServer } from './running-server.js'
import { createVisitor } from './visitor.js'

/** A Chromium with an app of its own origin, which can be tried with one server after the other. */
export async function startBrowser() {
  const { outputFiles } = await build({
    entryPoints: [new URL('./browser-page.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  })
  const script = outputFiles[0]?.text
  const { port, close } = await listen((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><title>app</title><script src="/page.js"></script>')
  })
  const browser = await chromium.launch(launchOptions())
  const origin = `http://127.0.0.1:${port}`

  return {
    /**
     * Signs in, refreshes and signs out by the browser's own fetch and storage. The server's pages are visited by a program.
     * @returns the failures that proofkey reported
     */
    async tryServer(start: StartServer): Promise<readonly string[]> {
      const { signIn, clients, close, issuer, metadata, scope, redirectUri, requires } = await start({
        redirectUri: `${origin}/callback`,
      })
      const context = await browser.newContext()
      try {
        const page = await context.newPage()
        const visitor = createVisitor()
        await page.exposeFunction('travel', (url: string) => signIn(visitor, url))
        await page.goto(origin)
        const clientId = `${clients.none?.clientId}`
        const server: PageServer = { issuer, metadata, scope, redirectUri, requires, clientId }
        return await page.evaluate<string[]>(`tryServer(${JSON.stringify(server)})`)
      } finally {
        await context.close()
        await close()
      }
    },
    async close() {
      await browser.close()
      await close()
    },
  }
}
