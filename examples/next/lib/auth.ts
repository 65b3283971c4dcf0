// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  memoryServerSessions,
  type ServerSessionClient,
  sealedCookie,
} from '../../../src/server.js'
import { refusalResponse } from '../../lib/refusal.js'

/** Next.js loads this file once for pages and once for route handlers: in the global object they share one client. */
const shared = globalThis as { proofkeyClient?: ServerSessionClient }

/** The client, made at the first request: `next build` loads this file where no settings are. */
export function auth(): ServerSessionClient {
  const { APP_URL, ISSUER = '', API = '', CLIENT_ID = '', CLIENT_SECRET = '', SEALING_KEY = '' } = process.env
  shared.proofkeyClient ??= createServerSessionClient({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    redirectUri: `${APP_URL}/auth/callback`,
    postLogoutRedirectUri: `${APP_URL}/auth/signed-out`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(CLIENT_SECRET),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: SEALING_KEY }] }),
    // For one process. Several share redisSessions({ client, keys }): see the example redis.
    sessionStore: memoryServerSessions(),
    apis: { [API]: {} },
    errorResponse: refusalResponse,
    // Next.js writes the host it listens on into `request.url`, and the one that was asked for into X-Forwarded-Host.
    forwardedHeaders: { hops: 1 },
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  return shared.proofkeyClient
}
