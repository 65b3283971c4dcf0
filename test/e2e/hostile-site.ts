import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import '../../examples/demo/quiet.js'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import type { Site } from './browser.js'

interface Arrived {
  readonly url: string
  readonly referer: string
  readonly body: string
}

export interface HostileSite extends Site {
  /** Of another origin, which lets itself be asked by every page. */
  readonly elsewhere: string
  /** The same app under two names that share a site. */
  readonly siblings: readonly [string, string]
  /** What arrived at the app's server, and what elsewhere. */
  readonly arrived: Arrived[]
  readonly arrivedElsewhere: Arrived[]
}

/** Tells its page what it is shown: the URLs of navigations and of its pages, and bodies that they send. */
const WORKER = `
const seen = []
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  const { url, method } = event.request
  const entry = { url, method }
  seen.push(entry)
  if (method === 'POST') event.waitUntil(event.request.clone().text().then((body) => { entry.body = body }))
})
addEventListener('message', async (event) => {
  const pages = await clients.matchAll()
  event.source.postMessage(JSON.stringify({ seen, pages: pages.map(({ url }) => url) }))
})`

/** Answers every navigation with the page that it has cached, as installed apps do. */
const SHELL = `
addEventListener('install', (event) => event.waitUntil(caches.open('shell').then((cache) => cache.add('/callback'))))
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  if (event.request.mode === 'navigate' && new URL(event.request.url).origin === location.origin)
    event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((page) => page ?? fetch(event.request)))
})`

/** An app with a page that does nothing by itself (page.ts) and its provider, beside a site that means ill. */
export async function hostileSite(): Promise<HostileSite> {
  const arrived: Arrived[] = []
  const arrivedElsewhere: Arrived[] = []
  const entry = new URL('./page.ts', import.meta.url).pathname
  const server = createServer(async (request, response) => {
    await record(arrived, request)
    const { pathname } = new URL(request.url ?? '/', 'http://app')
    if (pathname === '/auth/exchange') return answer(response, 'application/json', '{"claims":{"sub":"ada"}}')
    if (pathname === '/page.js') return answer(response, 'text/javascript', script)
    if (pathname === '/worker.js') return answer(response, 'text/javascript', WORKER)
    if (pathname === '/shell.js') return answer(response, 'text/javascript', SHELL)
    if (pathname === '/empty') return answer(response, 'text/html', '<!doctype html><title>empty</title>')
    // Of the pages that a test opens with a query of its own.
    if (request.url?.includes('isolated')) response.setHeader('cross-origin-opener-policy', 'same-origin')
    answer(response, 'text/html', '<!doctype html><title>app</title><script src="/page.js"></script>')
  })
  const other = createServer(async (request, response) => {
    await record(arrivedElsewhere, request)
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
    response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '')
    response.setHeader('access-control-allow-credentials', 'true')
    answer(response, 'text/html', '<!doctype html><title>elsewhere</title><button>Open</button>')
  })
  const listen = async (which: typeof server) => {
    await new Promise<void>((resolve) => which.listen(0, resolve))
    return (which.address() as AddressInfo).port
  }
  const [port, otherPort] = [await listen(server), await listen(other)]
  const url = `http://localhost:${port}`
  const provider = await startProvider(browserClient('bare-app', [`${url}/callback`]))
  const define = { ISSUER: JSON.stringify(provider.issuer) }
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife', define })
  const script = outputFiles[0]?.text ?? ''
  return {
    url,
    issuer: provider.issuer,
    elsewhere: `http://127.0.0.1:${otherPort}`,
    siblings: [`http://evil.app.localhost:${port}`, `http://www.app.localhost:${port}`],
    arrived,
    arrivedElsewhere,
    close: async () => {
      for (const one of [server, other]) one.close().closeAllConnections()
      await provider.close()
    },
  }
}

async function record(into: Arrived[], request: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  into.push({ url: request.url ?? '', referer: request.headers.referer ?? '', body: `${Buffer.concat(chunks)}` })
}

function answer(response: ServerResponse, type: string, body: string): void {
  response.setHeader('content-type', type)
  response.end(body)
}
