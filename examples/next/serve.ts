import { randomBytes } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { serve, startExample } from '../lib/example.js'
import { listener } from '../lib/listener.js'
import * as backChannelLogout from './app/backchannel-logout/route.js'
import * as callback from './app/callback/route.js'
import * as login from './app/login/route.js'
import * as logout from './app/logout/route.js'
import * as home from './app/route.js'
import * as signedOut from './app/signed-out/route.js'

/** Runs the route handlers by their paths, as Next.js would, with settings in the environment. */
export function startNext(port?: number) {
  const secret = () => randomBytes(32).toString('base64')
  const client: ClientMetadata = {
    client_id: 'next-app',
    client_secret: secret(),
    token_endpoint_auth_method: 'client_secret_basic',
  }
  return startExample(
    client,
    ({ issuer, url }) => {
      Object.assign(process.env, {
        ISSUER: issuer,
        CLIENT_ID: client.client_id,
        CLIENT_SECRET: client.client_secret,
        REDIRECT_URI: `${url}/callback`,
        SEALING_KEY: secret(),
      })
      return listener({
        'GET /': (request) => home.GET(asNextGives(request)),
        'GET /login': (request) => login.GET(asNextGives(request)),
        'GET /callback': (request) => callback.GET(asNextGives(request)),
        'POST /logout': (request) => logout.POST(asNextGives(request)),
        'GET /signed-out': (request) => signedOut.GET(asNextGives(request)),
        'POST /backchannel-logout': (request) => backChannelLogout.POST(asNextGives(request)),
      })
    },
    port,
  )
}

/** `next start` names the place it listens at in the URL, whatever was asked for; that is in the headers. */
function asNextGives({ url, method, headers, body }: Request): Request {
  const { host, pathname, search } = new URL(url)
  const forwarded = new Headers(headers)
  forwarded.set('x-forwarded-host', host)
  forwarded.set('x-forwarded-proto', 'http')
  const init = { method, headers: forwarded, body, duplex: 'half' }
  return new Request(`http://0.0.0.0:3000${pathname}${search}`, init)
}

await serve(import.meta.url, 'proofkey with route handlers of Next.js', startNext)
