import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import '../../examples/demo/quiet.js'
import type Provider from 'oidc-provider'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import { createNonces, createProofCheck } from '../helpers/proof.js'
import type { Site } from './browser.js'

export interface DpopSite extends Site {
  readonly api: string
  readonly provider: Provider
  /** Every proof the token endpoint was shown, and what it answered. */
  readonly granted: { readonly proof: string; readonly said: string }[]
  /** Every proof the API was shown, and what it said to it. */
  readonly shown: { readonly path: string; readonly proof: string; readonly said: string; readonly nonce: string }[]
}

async function listen(host: string): Promise<{ server: Server; origin: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return { server, origin: `http://${host}:${(server.address() as AddressInfo).port}` }
}

/** An app whose tokens are tied to a key, a provider and an API that both want nonces of their own in every proof. */
export async function dpopSite(): Promise<DpopSite> {
  const app = await listen('localhost')
  const resource = await listen('127.0.0.1')
  const configuration = browserClient('dpop-app', [`${app.origin}/callback`])
  const site = {
    accessTokenSeconds: 3600,
    shown: [] as DpopSite['shown'][number][],
    granted: [] as DpopSite['granted'][number][],
  }
  const { issuer, provider, close } = await startProvider({
    ...configuration,
    clients: [
      {
        ...configuration.clients![0]!,
        grant_types: ['authorization_code', 'refresh_token'],
        dpop_bound_access_tokens: true,
      },
    ],
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: {
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
  })
  const grant = (said: string, proof: string) => site.granted.push({ said, proof })
  provider.on('grant.success', (ctx) => grant('good', ctx.get('dpop')))
  provider.on('grant.error', (ctx, { error }) => grant(error, ctx.get('dpop')))
  resource.server.on('request', createApi(provider, app.origin, resource.origin, site.shown))
  const { outputFiles } = await build({
    entryPoints: [new URL('./dpop-page.ts', import.meta.url).pathname],
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

/**
 * A resource server that checks proof, key and token (RFC 9449 §7.1), with a new nonce in each answer, and lets the app's
 * page see what it needs for that (CORS).
 */
function createApi(provider: Provider, page: string, own: string, shown: DpopSite['shown'][number][]): RequestListener {
  const nonces = createNonces()
  const check = createProofCheck(nonces)
  return async (request, response) => {
    response.setHeader('access-control-allow-origin', page)
    response.setHeader('access-control-allow-headers', 'authorization, dpop')
    response.setHeader('access-control-expose-headers', 'www-authenticate, dpop-nonce')
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const { url: path = '', method = '', headers } = request
    const { authorization = '', dpop: proof = '' } = headers as Record<string, string>
    const token = await provider.AccessToken.find(authorization.replace(/^\w+ /, ''))
    const found = check({ method, url: own + path, headers: { authorization, dpop: proof } })
    const tied = 'jkt' in found && authorization.startsWith('DPoP ') && token?.['jkt'] === found.jkt
    const said = 'error' in found ? found.error : tied ? 'good' : 'invalid_token'
    const nonce = nonces.next()
    shown.push({ path, proof, said, nonce })
    response.setHeader('dpop-nonce', nonce)
    if (said !== 'good') return void response.writeHead(401, { 'www-authenticate': `DPoP error="${said}"` }).end()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ subject: token?.accountId }))
  }
}
