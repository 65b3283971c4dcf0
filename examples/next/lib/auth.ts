import { getIronSession, webCookies } from 'iron-session'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  type ServerClient,
  sealedCookie,
} from '../../../src/server.js'
import { type Session, sessionOptions } from '../../lib/session.js'

let client: ServerClient | undefined

/** The client, made at the first request: `next build` loads this file where no settings are. */
export function auth(): ServerClient {
  client ??= createServerClient({
    issuer: setting('ISSUER'),
    clientId: setting('CLIENT_ID'),
    redirectUri: setting('REDIRECT_URI'),
    scope: 'openid profile',
    clientAuth: clientSecretBasic(setting('CLIENT_SECRET')),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: setting('SEALING_KEY') }] }),
    // Next.js writes the host it listens on into `request.url`, and the one that was asked for into X-Forwarded-Host.
    forwardedHeaders: { hops: 1 },
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  return client
}

/** The session of a request; what changes of it goes into the headers of the response. */
export const session = (request: Request, headers = new Headers()) =>
  getIronSession<Session>(webCookies(request, headers), sessionOptions(setting('SESSION_PASSWORD')))

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; see the README beside this example`)
  return value
}
