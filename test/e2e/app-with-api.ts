import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import '../../examples/demo/quiet.js'
import type Provider from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { startProvider } from '../../examples/demo/provider.js'
import type { Site } from './browser.js'

export interface AppWithApi extends Site {
  readonly api: string
  readonly provider: Provider
}

interface Parts {
  /** The script of the app's page, beside this file; `ISSUER` and `API` stand for the origins of the other two. */
  readonly page: string
  readonly configuration: (app: string) => Configuration
  readonly answer: (provider: Provider, app: string, api: string) => RequestListener
}

async function listen(host: string): Promise<{ server: Server; origin: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return { server, origin: `http://${host}:${(server.address() as AddressInfo).port}` }
}

/** An app of one page, its provider, and an API on another site that lets the page call it. */
export async function startAppWithApi({ page, configuration, answer }: Parts): Promise<AppWithApi> {
  const app = await listen('localhost')
  const api = await listen('127.0.0.1')
  const { issuer, provider, close } = await startProvider(configuration(app.origin))
  const answering = answer(provider, app.origin, api.origin)
  api.server.on('request', (request, response) => {
    response.setHeader('access-control-allow-origin', app.origin)
    response.setHeader('access-control-allow-headers', 'authorization, dpop')
    response.setHeader('access-control-expose-headers', 'www-authenticate, dpop-nonce, date')
    if (request.method === 'OPTIONS') response.writeHead(204).end()
    else answering(request, response)
  })
  const { outputFiles } = await build({
    entryPoints: [new URL(page, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    define: { ISSUER: JSON.stringify(issuer), API: JSON.stringify(api.origin) },
  })
  app.server.on('request', (request, response) => {
    const script = request.url === '/page.js'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ? outputFiles[0]?.text : '<!doctype html><title>app</title><script src="/page.js"></script>')
  })
  return {
    url: app.origin,
    api: api.origin,
    issuer,
    provider,
    close: async () => {
      for (const { server } of [app, api]) {
        server.close()
        server.closeAllConnections()
      }
      await close()
    },
  }
}
