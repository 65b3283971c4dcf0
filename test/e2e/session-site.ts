import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import '../../examples/demo/quiet.js'
import type Provider from 'oidc-provider'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import type { Site } from './browser.js'

export interface SessionSite extends Site {
  readonly api: string
  readonly provider: Provider
  /** How long access tokens live from now on, in seconds. */
  accessTokenSeconds: number
}

async function listen(host: string): Promise<{ server: Server; origin: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return { server, origin: `http://${host}:${(server.address() as AddressInfo).port}` }
}

/** An app that keeps its session, its provider (rotating refresh tokens, one use each), and an API that asks the provider. */
export async function sessionSite(): Promise<SessionSite> {
  const app = await listen('localhost')
  const resource = await listen('127.0.0.1')
  const site = { accessTokenSeconds: 3600 }
  const configuration = browserClient('session-app', [`${app.origin}/callback`])
  const { issuer, provider, close } = await startProvider({
    ...configuration,
    clients: [{ ...configuration.clients![0]!, grant_types: ['authorization_code', 'refresh_token'] }],
    scopes: ['openid', 'offline_access', 'orders'],
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: { revocation: { enabled: true, allowedPolicy: () => true }, rpInitiatedLogout: { enabled: true } },
    ttl: { ...configuration.ttl, AccessToken: () => site.accessTokenSeconds },
  })
  resource.server.on('request', createApi(provider, app.origin))
  const { outputFiles } = await build({
    entryPoints: [new URL('./session-page.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    define: { ISSUER: JSON.stringify(issuer), API: JSON.stringify(resource.origin) },
  })
  app.server.on('request', (request, response) => {
    const script = request.url === '/page.js'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ? outputFiles[0]?.text : '<!doctype html><title>app</title><script src="/page.js"></script>')
  })
  return Object.assign(site, {
    url: app.origin,
    api: resource.origin,
    issuer,
    provider,
    close: async () => {
      for (const { server } of [app, resource]) {
        server.close()
        server.closeAllConnections()
      }
      await close()
    },
  })
}

/** A resource server that asks the provider about each token; `/orders` wants a scope, `/transfer` a fresh sign-in. */
function createApi(provider: Provider, origin: string): RequestListener {
  return async (request, response) => {
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-allow-headers', 'authorization')
    response.setHeader('access-control-expose-headers', 'www-authenticate')
    const refuse = (status: number, challenge: string) =>
      response.writeHead(status, { 'www-authenticate': `Bearer ${challenge}` }).end()
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const token = await provider.AccessToken.find(request.headers.authorization?.replace('Bearer ', '') ?? '')
    if (!token) return void refuse(401, 'error="invalid_token"')
    if (request.url === '/orders' && !token.scope?.includes('orders')) {
      return void refuse(403, 'error="insufficient_scope", scope="orders"')
    }
    const session = await provider.Session.findByUid(token.sessionUid ?? '')
    if (request.url === '/transfer' && Number(session?.loginTs) < Date.now() / 1000 - 2) {
      return void refuse(401, 'error="insufficient_user_authentication", max_age="2"')
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ subject: token.accountId }))
  }
}
