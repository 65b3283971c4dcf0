import type { RequestListener } from 'node:http'
import type { Logger } from '@opentelemetry/api-logs'
// In an app of yours: from 'proofkey/server'.
import { allowInsecureLoopback, clientSecretBasic, createServerClient, memoryVault } from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { listener } from '../lib/listener.js'
import { homePage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import { toLogRecords } from './log-records.js'

/** A server's sign-ins, whose events go to OpenTelemetry; in a browser a session's go by the same line. The page forgets who came. */
export function createApp({
  issuer,
  url,
  clientSecret,
  logger,
}: Surroundings & { readonly clientSecret: string; readonly logger: Logger }): RequestListener {
  const auth = createServerClient({
    issuer,
    clientId: 'open-telemetry-app',
    redirectUri: `${url}/callback`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    vault: memoryVault({ maxRecords: 10_000 }),
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  auth.subscribe(toLogRecords(logger))

  const page = (name?: string, headers = new Headers()) => {
    headers.set('content-type', 'text/html; charset=utf-8')
    return new Response(homePage(name), { headers })
  }
  return listener({
    'GET /': () => page(),
    'GET /login': (request) => auth.signIn(request),
    'GET /callback': async (request) => {
      try {
        const { claims, headers } = await auth.handleCallback(request)
        return page(String(claims?.['name']), headers)
      } catch (error) {
        return refusalResponse(error)
      }
    },
    'POST /logout': () => new Response(null, { status: 303, headers: { location: '/' } }),
  })
}
