// @ts-expect-error: a module of the runtime
import { env, waitUntil } from 'cloudflare:workers'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  sealedCookie,
  sealedCookieSessions,
} from '../../../src/server.js'

const { issuer, origin, keys, waits } = env.SETUP
const auth = createServerSessionClient({
  issuer,
  clientId: 'web',
  redirectUri: `${origin}/auth/callback`,
  scope: 'openid',
  clientAuth: clientSecretBasic('s3cret'),
  vault: sealedCookie({ keys }),
  sessionStore: sealedCookieSessions({ keys }),
  insecure: allowInsecureLoopback,
  forwardedHeaders: { hops: 1 },
  ...(waits && { waitUntil }),
})

export default {
  async fetch(request: Request): Promise<Response> {
    const handled = await auth.handle(request)
    if (handled) return handled
    const { session, headers } = await auth.session(request)
    return Response.json({ sub: session?.claims?.sub }, { headers })
  },
}
