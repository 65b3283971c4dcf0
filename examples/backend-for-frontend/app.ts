import { Hono } from 'hono'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  isProofkeyError,
  isSameOriginRequest,
  memoryServerSessions,
  sealedCookie,
} from '../../src/server.js'
import type { PageFiles } from '../lib/bundle.js'
import type { Surroundings } from '../lib/example.js'

interface Settings extends PageFiles {
  /** The origin of the API. */
  readonly api: string
  readonly clientSecret: string
  /** Seals the sign-ins that wait. */
  readonly sealingSecret: string
}

/** A backend for frontend: the session is on the server, and the page has a cookie that its scripts cannot read. */
export function createApp({ issuer, url, api, clientSecret, sealingSecret, html, script }: Surroundings & Settings) {
  const auth = createServerSessionClient({
    issuer,
    clientId: 'backend-for-frontend',
    redirectUri: `${url}/callback`,
    postLogoutRedirectUri: `${url}/signed-out`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: sealingSecret }] }),
    // For one process. Several share redisSessions({ client, keys }).
    sessionStore: memoryServerSessions(),
    apis: { [api]: {} },
    idleSeconds: 1800,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  const app = new Hono()

  // Sign-in, callback, sign-out, back-channel logout, and the session for the page.
  app.use(async ({ req }, next) => (await auth.handle(req.raw)) ?? next())

  app.get('/', ({ req }) => {
    const headers = {
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self' ${issuer}; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
      'content-type': 'text/html; charset=utf-8',
    }
    return new Response(req.method === 'HEAD' ? null : html, { headers })
  })
  app.get('/page.js', () => new Response(script, { headers: { 'content-type': 'text/javascript; charset=utf-8' } }))

  // The page's call of the API: the backend adds the token.
  app.post('/visits', async ({ req }) => {
    if (!isSameOriginRequest(req.raw, url)) return new Response('Of another site.', { status: 403 })
    const { response, headers } = await auth.fetch(req.raw, `${api}/visits`, { method: 'POST' })
    return new Response(response.body, { status: response.status, headers })
  })

  app.onError((error) => {
    if (!isProofkeyError(error)) {
      console.error(error)
      return new Response(null, { status: 500 })
    }
    const { code, headers = new Headers() } = error
    return Response.json({ code }, { status: code === 'login_required' ? 401 : 503, headers })
  })

  return app
}
