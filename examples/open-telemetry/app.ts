import type { RequestListener } from 'node:http'
import type { Logger } from '@opentelemetry/api-logs'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  isSameOriginRequest,
  memoryServerSessions,
  memoryVault,
} from '../../src/server.js'
import { listener } from '../lib/listener.js'
import { foreignForm, homePage, visitsPage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import type { ServerSurroundings } from '../lib/server-example.js'
import { toLogRecords } from './log-records.js'

/** A server's sessions, whose events go to OpenTelemetry; in a browser a session's go by the same line. */
export function createApp({
  issuer,
  url,
  api,
  clientSecret,
  logger,
}: Omit<ServerSurroundings, 'sealingSecret'> & { readonly logger: Logger }): RequestListener {
  const auth = createServerSessionClient({
    issuer,
    clientId: 'open-telemetry-app',
    redirectUri: `${url}/auth/callback`,
    postLogoutRedirectUri: `${url}/auth/signed-out`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    vault: memoryVault({ maxRecords: 10_000 }),
    sessionStore: memoryServerSessions(),
    apis: { [api]: {} },
    errorResponse: refusalResponse,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  auth.subscribe(toLogRecords(logger))

  return listener(
    {
      'GET /': async (request) => homePage(issuer, await auth.session(request)),
      'POST /visits': async (request) => {
        if (!isSameOriginRequest(request, url)) return foreignForm()
        return visitsPage(await auth.fetch(request, `${api}/visits`, { method: 'POST' }))
      },
    },
    { handle: auth.handle, refuse: refusalResponse },
  )
}
