import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
// In an app of yours: from 'proofkey/node' and 'proofkey/server'.
import { toRequest } from '../../src/node.js'
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

/** Fastify, sessions on the server, a client secret. */
export function createApp({ issuer, url, api, clientSecret, sealingSecret }: ServerSurroundings): FastifyInstance {
  const auth = createServerSessionClient({
    issuer,
    clientId: 'fastify-app',
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
  const app = fastify()

  const webRequest = ({ raw }: FastifyRequest, reply: FastifyReply) => toRequest(raw, { response: reply.raw })

  // Sign-in, callback, sign-out, back-channel logout. In this hook, because Fastify has not read the body yet.
  app.addHook('onRequest', async (request, reply) => {
    const response = await auth.handle(webRequest(request, reply))
    if (response) return reply.send(response)
  })

  app.get('/', async (request, reply) => homePage(issuer, await auth.session(webRequest(request, reply))))

  // The form has no fields. For forms that have some: @fastify/formbody.
  app.addContentTypeParser('application/x-www-form-urlencoded', async () => undefined)
  app.post('/visits', async (request, reply) => {
    const web = webRequest(request, reply)
    if (!isSameOriginRequest(web, url)) return foreignForm()
    return visitsPage(await auth.fetch(web, `${api}/visits`, { method: 'POST' }))
  })

  // Fastify's own errors, such as 415, have a status.
  app.setErrorHandler<FastifyError>((error, _, reply) => reply.send(error.statusCode ? error : refusalResponse(error)))

  return app
}
