import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
// In an app of yours: from 'proofkey/resource-server'.
import {
  allowInsecureLoopback,
  allowMissingAudience,
  clientSecretBasic,
  createResourceServer,
} from '../../src/resource-server.js'
import { listener } from './listener.js'

export interface ApiSettings {
  /** The authorization server whose tokens are taken. */
  readonly issuer: string
  /** The one app whose tokens are taken, and the one origin that may read the answers. */
  readonly clientId: string
  readonly origin: string
  /** The API as a client of the authorization server, for its questions. */
  readonly credentials: { readonly id: string; readonly secret: string }
}

/** A resource server that asks the authorization server about each token (RFC 7662), and counts who came how often. */
export async function startApi({ issuer, clientId, origin, credentials }: ApiSettings) {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const api = createResourceServer({
    issuer,
    audience: url,
    clientIds: [clientId],
    introspection: {
      clientId: credentials.id,
      clientAuth: clientSecretBasic(credentials.secret),
      // This provider names no audience: its tokens are for every API.
      missingAudience: allowMissingAudience,
    },
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  api.subscribe((event) => event.type === 'introspection_failed' && console.error(event))

  const visits = new Map<string, number>()
  const countVisit = api.protect({}, (_, { subject = '' }) => {
    visits.set(subject, (visits.get(subject) ?? 0) + 1)
    return Response.json({ name: subject, visits: visits.get(subject) })
  })

  const cors = {
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'authorization',
    'access-control-expose-headers': 'www-authenticate, date',
  }
  const withCors = (response: Response) => {
    for (const [name, value] of Object.entries(cors)) response.headers.set(name, value)
    return response
  }
  server.on(
    'request',
    listener({
      'OPTIONS /visits': () => new Response(null, { status: 204, headers: cors }),
      'POST /visits': async (request) => withCors(await countVisit(request)),
      [`GET ${new URL(api.metadataUrl).pathname}`]: (request) => api.handle(request) as Response,
    }),
  )
  return {
    url,
    close: () => new Promise<unknown>((resolve) => server.close(resolve).closeAllConnections()),
  }
}
