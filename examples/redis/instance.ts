import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getIronSession, webCookies } from 'iron-session'
import { createClient } from 'redis'
// In an app of yours: from 'proofkey/server'.
import { allowInsecureLoopback, clientSecretBasic, createServerClient, redisVault } from '../../src/server.js'
import { listener } from '../lib/listener.js'
import { homePage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'
import { type Session, sessionOptions } from '../lib/session.js'

/** One of several server processes. All have the same settings, and the same Redis. */
const {
  ISSUER = '',
  URL: url = '',
  CLIENT_SECRET = '',
  REDIS_URL = '',
  SEALING_KEY = '',
  SESSION_PASSWORD = '',
} = process.env

const client = createClient({ url: REDIS_URL })
// Without a listener, node-redis ends the process when Redis restarts.
client.on('error', (error) => console.error(`Redis: ${error.message}`))

const auth = createServerClient({
  issuer: ISSUER,
  clientId: 'redis-app',
  redirectUri: `${url}/callback`,
  scope: 'openid profile',
  clientAuth: clientSecretBasic(CLIENT_SECRET),
  vault: redisVault({
    client: await client.connect(),
    keys: [{ id: 'k1', secret: SEALING_KEY }],
  }),
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
})

interface WhoDidWhat extends Session {
  startedBy?: unknown
  finishedBy?: number
}
const sessionOf = (request: Request, headers = new Headers()) =>
  getIronSession<WhoDidWhat>(webCookies(request, headers), sessionOptions(SESSION_PASSWORD))

async function home(request: Request): Promise<Response> {
  const { name, startedBy, finishedBy } = await sessionOf(request)
  const processes = name && `Started by process ${startedBy}, finished by process ${finishedBy}.`
  return new Response(homePage(name, processes), { headers: { 'content-type': 'text/html; charset=utf-8' } })
}

async function callback(request: Request): Promise<Response> {
  const { claims, appState, returnTo, headers } = await auth.handleCallback(request)
  const session = await sessionOf(request, headers)
  Object.assign(session, { name: claims?.['name'], startedBy: appState, finishedBy: process.pid })
  await session.save()
  headers.set('location', returnTo)
  return new Response(null, { status: 303, headers })
}

async function logout(request: Request): Promise<Response> {
  const headers = new Headers({ location: '/' })
  const session = await sessionOf(request, headers)
  session.destroy()
  return new Response(null, { status: 303, headers })
}

const server = createServer(
  listener({
    'GET /': home,
    'GET /login': (request) => auth.signIn(request, { appState: process.pid }).catch(refusalResponse),
    'GET /callback': (request) => callback(request).catch(refusalResponse),
    'POST /logout': logout,
  }),
)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit())
