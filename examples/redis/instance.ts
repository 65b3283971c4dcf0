import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  isSameOriginRequest,
  redisReplayCache,
  redisSessions,
  redisVault,
} from '../../src/server.js'
import { listener } from '../lib/listener.js'
import { foreignForm, homePage, visitsPage } from '../lib/page.js'
import { refusalResponse } from '../lib/refusal.js'

/** One of several server processes. All have the same settings, and the same Redis. */
const { ISSUER: issuer = '', URL: url = '', API: api = '', CLIENT_SECRET = '', REDIS_URL = '' } = process.env
const keys = [{ id: 'k1', secret: process.env['SEALING_KEY'] ?? '' }]

// Without its queue a command fails at once while Redis is away, in place of waiting for it.
const client = createClient({ url: REDIS_URL, disableOfflineQueue: true })
// Without a listener for `error`, a lost connection ends the process. The client connects again by itself.
client.on('error', ({ message }) => console.error(`Redis: ${message}`))
await client.connect()

const auth = createServerSessionClient({
  issuer,
  clientId: 'redis-app',
  redirectUri: `${url}/auth/callback`,
  postLogoutRedirectUri: `${url}/auth/signed-out`,
  scope: 'openid profile',
  clientAuth: clientSecretBasic(CLIENT_SECRET),
  vault: redisVault({ client, keys }),
  sessionStore: redisSessions({ client, keys }),
  // A logout token is taken once, by whichever process it reaches.
  replayCache: redisReplayCache({ client }),
  apis: { [api]: {} },
  errorResponse: refusalResponse,
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
})

const answer = listener(
  {
    'GET /': async (request) => homePage(issuer, await auth.session(request), `Process ${process.pid} says so.`),
    'POST /visits': async (request) => {
      if (!isSameOriginRequest(request, url)) return foreignForm()
      return visitsPage(await auth.fetch(request, `${api}/visits`, { method: 'POST' }))
    },
  },
  { handle: auth.handle, refuse: refusalResponse },
)
const server = createServer((incoming, outgoing) => answer(incoming, outgoing.setHeader('x-process', process.pid)))
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit())
