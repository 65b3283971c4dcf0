import type { RequestListener } from 'node:http'
import type { Logger } from '@opentelemetry/api-logs'
// In an app of yours: from 'proofkey/server'.
import { allowInsecureLoopback, clientSecretBasic, createServerClient, memoryVault } from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { listener } from '../lib/listener.js'
import { homePage } from '../lib/page.js'
import { createSessions } from '../lib/sessions.js'
import { toLogRecords } from './log-records.js'

/** A server's sign-ins, whose events go to OpenTelemetry; in a browser a session's go by the same line. */
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

  const sessions = createSessions()

  async function callback(request: Request): Promise<Response> {
    const { returnTo, headers, ...grant } = await auth.handleCallback(request)
    await sessions.start(request, grant, headers)
    // On to a URL without the code.
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  }

  async function logout(request: Request): Promise<Response> {
    const idTokenHint = (await sessions.find(request))?.idToken
    const response = await auth.signOut(request, { idTokenHint, postLogoutRedirectUri: `${url}/signed-out` })
    // Another site's doing: nobody is signed out.
    if (response.status === 403) return response
    await sessions.end(request, response.headers)
    return response
  }

  async function signedOut(request: Request): Promise<Response> {
    const { returnTo, headers } = await auth.handleSignedOut(request)
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  }

  return listener({
    'GET /': async (request) => homePage(await sessions.find(request)),
    'GET /login': (request) => auth.signIn(request),
    'GET /callback': callback,
    'POST /logout': logout,
    'GET /signed-out': signedOut,
    // The provider says that a session has ended there.
    'POST /backchannel-logout': (request) => auth.handleBackChannelLogout(request, sessions.endAll),
  })
}
