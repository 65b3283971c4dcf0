import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
// In an app of yours: from 'proofkey/node' and 'proofkey/server'.
import { sendResponse, toRequest } from '../../src/node.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  isSameOriginRequest,
  memoryServerSessions,
  sealedCookie,
} from '../../src/server.js'
import { foreignForm, homePage, visitsPage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import type { ServerSurroundings } from '../lib/server-example.js'

/** Express, sessions on the server, a client secret. */
export function createApp({ issuer, url, api, clientSecret, sealingSecret }: ServerSurroundings): Express {
  const auth = createServerSessionClient({
    issuer,
    clientId: 'express-app',
    redirectUri: `${url}/auth/callback`,
    postLogoutRedirectUri: `${url}/auth/signed-out`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: sealingSecret }] }),
    // For one process. Several share redisSessions({ client, keys }): see the example redis.
    sessionStore: memoryServerSessions(),
    apis: { [api]: {} },
    errorResponse: refusalResponse,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  const app = express()

  // What is thrown in here goes to the error handler below: Express 5 awaits its handlers, Express 4 does not.
  const handle =
    (answer: (request: Request) => Promise<Response | undefined>): RequestHandler =>
    async (incoming, outgoing, next) => {
      const response = await answer(toRequest(incoming))
      if (!response) return next()
      await sendResponse(outgoing, response)
    }

  // Sign-in, callback, sign-out, back-channel logout. Before body parsers: it reads its bodies itself.
  app.use(handle(auth.handle))

  app.get(
    '/',
    handle(async (request) => homePage(issuer, await auth.session(request))),
  )

  app.post(
    '/visits',
    handle(async (request) => {
      if (!isSameOriginRequest(request, url)) return foreignForm()
      return visitsPage(await auth.fetch(request, `${api}/visits`, { method: 'POST' }))
    }),
  )

  // Express needs all four parameters to know it by, and its own page would show the stack.
  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    sendResponse(response, refusalResponse(error)).catch(next)
  }
  app.use(refuse)

  return app
}
