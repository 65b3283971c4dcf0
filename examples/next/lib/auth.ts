// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  type ServerClient,
  sealedCookie,
} from '../../../src/server.js'
import { createSessions } from '../../lib/sessions.js'

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

/** In memory, for one process of `next start`. Where several run, they share a store: see the example redis. */
export const sessions = createSessions()

/** The page that the provider sends people back to after the sign-out, as it is registered there. */
export const signedOutUrl = () => new URL('/signed-out', setting('REDIRECT_URI')).href

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; see the README beside this example`)
  return value
}
