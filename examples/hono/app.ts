import { Hono } from 'hono'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  createServerSessionClient,
  isSameOriginRequest,
  memoryServerSessions,
  privateKeyJwt,
  sealedCookie,
} from '../../src/server.js'
import { foreignForm, homePage, visitsPage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import type { ServerSurroundings } from '../lib/server-example.js'

interface Key {
  /** Signs the assertions that prove the client; the provider knows its public half. */
  readonly signingKey: CryptoKey
  readonly signingKeyId: string
}

/** Hono, sessions on the server, a private key. Nothing here is Node's: it runs wherever Hono does. */
export function createApp({
  issuer,
  url,
  api,
  sealingSecret,
  signingKey,
  signingKeyId,
}: Omit<ServerSurroundings, 'clientSecret'> & Key) {
  const auth = createServerSessionClient({
    issuer,
    clientId: 'hono-app',
    redirectUri: `${url}/auth/callback`,
    postLogoutRedirectUri: `${url}/auth/signed-out`,
    scope: 'openid profile',
    clientAuth: privateKeyJwt(signingKey, { keyId: signingKeyId }),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: sealingSecret }] }),
    // For one process. Several share redisSessions({ client, keys }): see the example redis.
    sessionStore: memoryServerSessions(),
    apis: { [api]: {} },
    errorResponse: refusalResponse,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  const app = new Hono()

  // Sign-in, callback, sign-out, back-channel logout.
  app.use(async ({ req }, next) => (await auth.handle(req.raw)) ?? next())

  app.get('/', async ({ req }) => homePage(issuer, await auth.session(req.raw)))

  app.post('/visits', async ({ req }) => {
    if (!isSameOriginRequest(req.raw, url)) return foreignForm()
    return visitsPage(await auth.fetch(req.raw, `${api}/visits`, { method: 'POST' }))
  })

  app.onError(refusalResponse)

  return app
}
