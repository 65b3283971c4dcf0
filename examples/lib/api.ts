import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
  const visits = new Map<string, number>()
  const authorization = `Basic ${btoa(`${credentials.id}:${credentials.secret}`)}`
  const cors = {
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'authorization',
    'access-control-expose-headers': 'www-authenticate, date',
  }

  /** @returns whose token it is; undefined where it is good for nothing here */
  async function subjectOf(request: Request): Promise<string | undefined> {
    const [, token] = /^Bearer ([\w.~+/-]+=*)$/.exec(request.headers.get('authorization') ?? '') ?? []
    if (!token) return undefined
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const answer = await fetch(`${issuer}/token/introspection`, { method: 'POST', headers: { authorization }, body })
    const { active, token_type, client_id, sub } = await answer.json()
    return active === true && token_type === 'Bearer' && client_id === clientId ? sub : undefined
  }

  async function countVisit(request: Request): Promise<Response> {
    const name = await subjectOf(request)
    if (!name) {
      const headers = { ...cors, 'www-authenticate': 'Bearer error="invalid_token"' }
      return new Response(null, { status: 401, headers })
    }
    visits.set(name, (visits.get(name) ?? 0) + 1)
    return Response.json({ name, visits: visits.get(name) }, { headers: cors })
  }

  const failed = (error: unknown) => {
    console.error(error)
    return new Response(null, { status: 502, headers: cors })
  }
  const server = createServer(
    listener({
      'OPTIONS /visits': () => new Response(null, { status: 204, headers: cors }),
      'POST /visits': (request) => countVisit(request).catch(failed),
    }),
  )
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise<unknown>((resolve) => server.close(resolve).closeAllConnections()),
  }
}
