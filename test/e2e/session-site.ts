import type { RequestListener } from 'node:http'
import type Provider from 'oidc-provider'
import { browserClient } from '../../examples/demo/provider.js'
import { type AppWithApi, startAppWithApi } from './app-with-api.js'

export interface SessionSite extends AppWithApi {
  /** How long access tokens live from now on, in seconds. */
  accessTokenSeconds: number
}

/** An app that keeps its session, its provider (rotating refresh tokens, one use each), and an API that asks the provider. */
export async function sessionSite(): Promise<SessionSite> {
  const own = { accessTokenSeconds: 3600 }
  const site = await startAppWithApi({
    page: './session-page.ts',
    configuration: (app) => {
      const configuration = browserClient('session-app', [`${app}/callback`])
      return {
        ...configuration,
        clients: [{ ...configuration.clients![0]!, grant_types: ['authorization_code', 'refresh_token'] }],
        scopes: ['openid', 'offline_access', 'orders'],
        issueRefreshToken: () => true,
        rotateRefreshToken: true,
        features: { revocation: { enabled: true, allowedPolicy: () => true }, rpInitiatedLogout: { enabled: true } },
        ttl: { ...configuration.ttl, AccessToken: () => own.accessTokenSeconds },
      }
    },
    answer,
  })
  return Object.assign(own, site)
}

/** A resource server that asks the provider about each token; `/orders` wants a scope, `/transfer` a fresh sign-in. */
function answer(provider: Provider): RequestListener {
  return async (request, response) => {
    const refuse = (status: number, challenge: string) =>
      response.writeHead(status, { 'www-authenticate': `Bearer ${challenge}` }).end()
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
