import type { RequestListener } from 'node:http'
// In an app of yours: from 'proofkey/node'.
import { sendResponse, toRequest } from '../../src/node.js'

/** Node's `http` with Web requests and responses. @param routes by method and path, for example `GET /login` */
export function listener(routes: Record<string, (request: Request) => Response | Promise<Response>>): RequestListener {
  const byName = new Map(Object.entries(routes))
  return async (incoming, outgoing) => {
    try {
      const request = toRequest(incoming)
      const route = byName.get(`${request.method} ${new URL(request.url).pathname}`)
      await sendResponse(outgoing, route ? await route(request) : new Response('Not found', { status: 404 }))
    } catch (error) {
      console.error(error)
      await sendResponse(outgoing, new Response('Internal error', { status: 500 }))
    }
  }
}
