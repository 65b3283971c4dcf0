import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { getIronSession } from 'iron-session'
// In an app of yours: from 'proofkey/node' and 'proofkey/server'.
import { appendHeaders, sendResponse, toRequest } from '../../src/node.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  isProofkeyError,
  sealedCookie,
} from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { homePage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import { type Session, sessionOptions } from '../lib/session.js'

/** Express, a session of iron-session, a client secret. The sign-in itself waits in a sealed cookie of its own. */
export function createApp({ issuer, url, clientSecret }: Surroundings & { readonly clientSecret: string }): Express {
  const auth = createServerClient({
    issuer,
    clientId: 'express-app',
    redirectUri: `${url}/callback`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(clientSecret),
    // In an app of yours both secrets are configuration, the same for all its processes.
    vault: sealedCookie({ keys: [{ id: 'k1', secret: randomBytes(32).toString('base64') }] }),
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  const password = randomBytes(32).toString('base64')
  const sessionOf = (request: IncomingMessage, response: ServerResponse) =>
    getIronSession<Session>(request, response, sessionOptions(password))

  const app = express()

  app.get('/', async (request, response) => {
    const { name } = await sessionOf(request, response)
    response.send(homePage(name))
  })

  app.get('/login', async (request, response) => {
    const { returnTo } = request.query
    await sendResponse(response, await auth.signIn(toRequest(request), { returnTo: returnTo?.toString() }))
  })

  app.get('/callback', async (request, response) => {
    const { claims, returnTo, headers } = await auth.handleCallback(toRequest(request))
    appendHeaders(response, headers)
    const session = await sessionOf(request, response)
    session.name = String(claims?.['name'])
    await session.save()
    response.redirect(303, returnTo)
  })

  app.post('/logout', async (request, response) => {
    const session = await sessionOf(request, response)
    session.destroy()
    response.redirect(303, '/')
  })

  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (isProofkeyError(error)) sendResponse(response, refusalResponse(error)).catch(next)
    else next(error)
  }
  app.use(refuse)

  return app
}
