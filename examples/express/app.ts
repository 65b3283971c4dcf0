import { randomBytes } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
// In an app of yours: from 'proofkey/node' and 'proofkey/server'.
import { sendResponse, toRequest } from '../../src/node.js'
import { allowInsecureLoopback, clientSecretBasic, createServerClient, sealedCookie } from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { homePage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import { createSessions } from '../lib/sessions.js'

/** Express, sessions on the server, a client secret. The sign-in itself waits in a sealed cookie of its own. */
export function createApp({ issuer, url, clientSecret }: Surroundings & { readonly clientSecret: string }): Express {
  const auth = createServerClient({
    issuer,
    clientId: 'express-app',
    redirectUri: `${url}/callback`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    // In an app of yours the secret is configuration, the same for all its processes.
    vault: sealedCookie({ keys: [{ id: 'k1', secret: randomBytes(32).toString('base64') }] }),
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  const sessions = createSessions()
  const app = express()

  // What is thrown in here goes to the error handler below: Express 5 awaits its handlers, Express 4 does not.
  const handle =
    (answer: (request: Request) => Promise<Response>): RequestHandler =>
    async (incoming, outgoing) =>
      sendResponse(outgoing, await answer(toRequest(incoming)))

  app.get(
    '/',
    handle(async (request) => homePage(await sessions.find(request))),
  )

  app.get(
    '/login',
    handle((request) => auth.signIn(request, { returnTo: new URL(request.url).searchParams.get('returnTo') ?? '/' })),
  )

  app.get(
    '/callback',
    handle(async (request) => {
      const { returnTo, headers, ...grant } = await auth.handleCallback(request)
      await sessions.start(request, grant, headers)
      // On to a URL without the code.
      headers.set('location', returnTo)
      return new Response(null, { status: 303, headers })
    }),
  )

  app.post(
    '/logout',
    handle(async (request) => {
      const idTokenHint = (await sessions.find(request))?.idToken
      const response = await auth.signOut(request, { idTokenHint, postLogoutRedirectUri: `${url}/signed-out` })
      // Another site's doing: nobody is signed out.
      if (response.status === 403) return response
      await sessions.end(request, response.headers)
      return response
    }),
  )

  app.get(
    '/signed-out',
    handle(async (request) => {
      const { returnTo, headers } = await auth.handleSignedOut(request)
      headers.set('location', returnTo)
      return new Response(null, { status: 303, headers })
    }),
  )

  // The provider says that a session has ended there.
  app.post(
    '/backchannel-logout',
    handle((request) => auth.handleBackChannelLogout(request, sessions.endAll)),
  )

  // Express needs all four parameters to know it by, and its own page would show the stack.
  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    sendResponse(response, refusalResponse(error)).catch(next)
  }
  app.use(refuse)

  return app
}
