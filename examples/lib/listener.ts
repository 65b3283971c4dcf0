import type { RequestListener } from 'node:http'
// In an app of yours: from 'proofkey/node'.
import { sendResponse, toRequest } from '../../src/node.js'
import { errorPage } from './page.js'
import { refusalResponse } from './refusal.js'

/**
 * Node's `http` with Web requests and responses. All of it stands inside a catch: an error that nobody catches in an
 * async listener ends the process, with everybody's requests.
 * @param routes by method and path, for example `GET /login`
 */
export function listener(routes: Record<string, (request: Request) => Response | Promise<Response>>): RequestListener {
  const byName = new Map(Object.entries(routes))
  async function answer(incoming: Parameters<RequestListener>[0]): Promise<Response> {
    try {
      const request = toRequest(incoming)
      const route = byName.get(`${request.method} ${new URL(request.url).pathname}`)
      return route
        ? await route(request)
        : errorPage({ title: 'Not found', text: 'There is no such page.', status: 404 })
    } catch (error) {
      return refusalResponse(error)
    }
  }
  return async (incoming, outgoing) => {
    try {
      await sendResponse(outgoing, await answer(incoming))
    } catch (error) {
      console.error(error)
      outgoing.destroy()
    }
  }
}
