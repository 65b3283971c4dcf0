import { H3, type HTTPError } from 'h3'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  isSameOriginRequest,
  memoryServerSessions,
  sealedCookie,
} from '../../src/server.js'
import { foreignForm, homePage, visitsPage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import type { ServerSurroundings } from '../lib/server-example.js'

/** h3: sessions on the server, a client secret. Nothing here is Node's. */
export function createApp({ issuer, url, api, clientSecret, sealingSecret }: ServerSurroundings): H3 {
  const auth = createServerSessionClient({
    issuer,
    clientId: 'h3-app',
    redirectUri: `${url}/auth/callback`,
    postLogoutRedirectUri: `${url}/auth/signed-out`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: sealingSecret }] }),
    // For one process. Several share redisSessions({ client, keys }): see the example redis.
    sessionStore: memoryServerSessions(),
    apis: { [api]: {} },
    errorResponse: refusalResponse,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  // h3's own errors, such as 404, are no failures.
  const onError = (error: HTTPError) => (error.unhandled ? refusalResponse(error.cause) : undefined)
  const app = new H3({ silent: true, onError })

  // Sign-in, callback, sign-out, back-channel logout.
  app.use(async ({ req }, next) => (await auth.handle(req)) ?? next())

  app.get('/', async ({ req }) => homePage(issuer, await auth.session(req)))

  app.post('/visits', async ({ req }) => {
    if (!isSameOriginRequest(req, url)) return foreignForm()
    return visitsPage(await auth.fetch(req, `${api}/visits`, { method: 'POST' }))
  })

  return app
}
