import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Configuration } from 'oidc-provider'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'

/** How many requests of each type reached the provider. */
export type Requests = Readonly<Partial<Record<'metadata' | 'keys' | 'token' | 'preflight' | 'other', number>>>

export interface BenchProvider extends RunningProvider {
  /** The requests since the last call. */
  takeRequests(): Requests
}

/** The demo's provider, with what keycloak-js needs besides; all contestants get the same. */
export async function startBenchProvider(clientId: string, redirectUris: string[]): Promise<BenchProvider> {
  const base = browserClient(clientId, redirectUris)
  const configuration: Configuration = {
    ...base,
    // keycloak-js sends its token request with credentials.
    clientBasedCORS: (ctx, origin, client) => {
      ctx.set('Access-Control-Allow-Credentials', 'true')
      return base.clientBasedCORS?.(ctx, origin, client) ?? false
    },
    // keycloak-js decodes the access token, so it has to be a JWT.
    features: {
      ...base.features,
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:bench:api',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'openid profile',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  }
  const running = await startProvider(configuration)
  const { port } = new URL(running.issuer)
  let counts: Record<string, number> = {}
  const count = (message: unknown) => {
    const { request } = message as { request: IncomingMessage }
    if (`${request.socket.localPort}` !== port) return
    const type = requestType(request)
    counts[type] = (counts[type] ?? 0) + 1
  }
  // Node's own account of what arrives: nothing is added to the provider or to the page.
  subscribe('http.server.request.start', count)
  return {
    ...running,
    takeRequests() {
      const taken = counts
      counts = {}
      return taken
    },
    close() {
      unsubscribe('http.server.request.start', count)
      return running.close()
    },
  }
}

function requestType({ method, url = '' }: IncomingMessage): keyof Requests {
  if (method === 'OPTIONS') return 'preflight'
  if (url.startsWith('/.well-known/')) return 'metadata'
  return url === '/token' ? 'token' : url === '/jwks' ? 'keys' : 'other'
}
