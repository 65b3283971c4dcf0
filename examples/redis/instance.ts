import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  redisReplayCache,
  redisVault,
} from '../../src/server.js'
import { listener } from '../lib/listener.js'
import { homePage } from '../lib/page.js'
import { createSessions } from '../lib/sessions.js'

/** One of several server processes. All have the same settings, and the same Redis. */
const { ISSUER = '', URL: url = '', CLIENT_SECRET = '', REDIS_URL = '', SEALING_KEY = '' } = process.env

// Without its queue a command fails at once while Redis is away, in place of waiting for it.
const redis = createClient({ url: REDIS_URL, disableOfflineQueue: true })
// Without a listener for `error`, a lost connection ends the process. The client connects again by itself.
redis.on('error', ({ message }) => console.error(`Redis: ${message}`))
await redis.connect()

const auth = createServerClient({
  issuer: ISSUER,
  clientId: 'redis-app',
  redirectUri: `${url}/callback`,
  scope: 'openid profile',
  clientAuth: clientSecretBasic(CLIENT_SECRET),
  vault: redisVault({ client: redis, keys: [{ id: 'k1', secret: SEALING_KEY }] }),
  replayCache: redisReplayCache({ client: redis }),
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
})

/** The process that started the sign-in, and the one that finished it. */
interface Processes {
  readonly startedBy: unknown
  readonly finishedBy: number
}
const sessions = createSessions<Processes>({
  get: (key) => redis.get(key),
  set: (key, value, lifetimeSeconds) => redis.set(key, value, { EX: lifetimeSeconds }),
  delete: (key) => redis.del(key),
})

async function home(request: Request): Promise<Response> {
  const session = await sessions.find(request)
  return homePage(
    session,
    session && `Started by process ${session.startedBy}, finished by process ${session.finishedBy}.`,
  )
}

async function callback(request: Request): Promise<Response> {
  const { appState, returnTo, headers, ...grant } = await auth.handleCallback(request)
  await sessions.start(request, grant, headers, { startedBy: appState, finishedBy: process.pid })
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

const server = createServer(
  listener({
    'GET /': home,
    'GET /login': (request) => auth.signIn(request, { appState: process.pid }),
    'GET /callback': callback,
    'POST /logout': logout,
    'GET /signed-out': signedOut,
    // The provider says that a session has ended there; one process is told, all know.
    'POST /backchannel-logout': (request) => auth.handleBackChannelLogout(request, sessions.endAll),
  }),
)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit())
