import { Hono } from 'hono'
import { deleteCookie, generateSignedCookie, getSignedCookie } from 'hono/cookie'
// In an app of yours: from 'proofkey/server'.
import { allowInsecureLoopback, createServerClient, privateKeyJwt, sealedCookie } from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { homePage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'

interface Keys {
  /** Signs the assertions that prove the client; the provider knows its public half. */
  readonly signingKey: CryptoKey
  readonly signingKeyId: string
  /** Seals the sign-ins that wait. */
  readonly sealingSecret: string
  /** Signs the session's cookie. */
  readonly sessionSecret: string
}

/** Hono, a signed cookie as the session, a private key. Nothing here is Node's: it runs wherever Hono does. */
export function createApp({
  issuer,
  url,
  signingKey,
  signingKeyId,
  sealingSecret,
  sessionSecret,
}: Surroundings & Keys) {
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
  const app = new Hono()

  app.get('/', async (context) => {
    const name = await getSignedCookie(context, sessionSecret, 'session', 'host')
    return context.html(homePage(name || undefined))
  })

  app.get('/login', ({ req }) => auth.signIn(req.raw, { returnTo: req.query('returnTo') }))

  app.get('/callback', async ({ req }) => {
    const { claims, returnTo, headers } = await auth.handleCallback(req.raw)
    const options = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', prefix: 'host' } as const
    headers.append(
      'set-cookie',
      await generateSignedCookie('session', String(claims?.['name']), sessionSecret, options),
    )
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  })

  app.post('/logout', (context) => {
    deleteCookie(context, '__Host-session', { path: '/', secure: true })
    return context.redirect('/', 303)
  })

  app.onError(refusalResponse)

  return app
}
