import { Hono } from 'hono'
// In an app of yours: from 'proofkey/server'.
import { allowInsecureLoopback, createServerClient, privateKeyJwt, sealedCookie } from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { homePage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import { createSessions } from '../lib/sessions.js'

interface Keys {
  /** Signs the assertions that prove the client; the provider knows its public half. */
  readonly signingKey: CryptoKey
  readonly signingKeyId: string
  /** Seals the sign-ins that wait. */
  readonly sealingSecret: string
}

/** Hono, sessions on the server, a private key. Nothing here is Node's: it runs wherever Hono does. */
export function createApp({ issuer, url, signingKey, signingKeyId, sealingSecret }: Surroundings & Keys) {
  const auth = createServerClient({
    issuer,
    clientId: 'hono-app',
    redirectUri: `${url}/callback`,
    scope: 'openid profile',
    clientAuth: privateKeyJwt(signingKey, { keyId: signingKeyId }),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: sealingSecret }] }),
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  const sessions = createSessions()
  const app = new Hono()

  app.get('/', async ({ req }) => homePage(await sessions.find(req.raw)))

  app.get('/login', ({ req }) => auth.signIn(req.raw, { returnTo: req.query('returnTo') }))

  app.get('/callback', async ({ req }) => {
    const { returnTo, headers, ...grant } = await auth.handleCallback(req.raw)
    await sessions.start(req.raw, grant, headers)
    // On to a URL without the code.
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  })

  app.post('/logout', async ({ req }) => {
    const idTokenHint = (await sessions.find(req.raw))?.idToken
    const response = await auth.signOut(req.raw, { idTokenHint, postLogoutRedirectUri: `${url}/signed-out` })
    // Another site's doing: nobody is signed out.
    if (response.status === 403) return response
    await sessions.end(req.raw, response.headers)
    return response
  })

  app.get('/signed-out', async ({ req }) => {
    const { returnTo, headers } = await auth.handleSignedOut(req.raw)
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  })

  // The provider says that a session has ended there.
  app.post('/backchannel-logout', ({ req }) => auth.handleBackChannelLogout(req.raw, sessions.endAll))

  app.onError(refusalResponse)

  return app
}
