import type { RequestListener } from 'node:http'
// In an app of yours: from 'proofkey/node'.
import { sendResponse, toRequest } from '../../src/node.js'
import { errorPage } from './page.js'
import { refusalPage } from './refusal.js'

interface ListenerOptions {
  /** Asked first: the endpoints of a session client. */
  readonly handle?: (request: Request) => Promise<Response | undefined>
  /** The response to an error. */
  readonly refuse?: (error: unknown) => Response
}

/**
 * Node's `http` with Web requests and responses. All of it stands inside a catch: an error that nobody catches in an
 * async listener ends the process, with everybody's requests.
 * @param routes by method and path, for example `GET /login`
 */
export function listener(
  routes: Record<string, (request: Request) => Response | Promise<Response>>,
  { handle, refuse = refusalPage }: ListenerOptions = {},
): RequestListener {
  const byName = new Map(Object.entries(routes))
  async function answer(request: Request): Promise<Response> {
    try {
      const handled = await handle?.(request)
      if (handled) return handled
      const route = byName.get(`${request.method} ${new URL(request.url).pathname}`)
      return route
        ? await route(request)
        : errorPage({ title: 'Not found', text: 'There is no such page.', status: 404 })
    } catch (error) {
      return refuse(error)
    }
  }
  return async (incoming, outgoing) => {
    try {
      await sendResponse(outgoing, await answer(toRequest(incoming, { response: outgoing })))
    } catch (error) {
      console.error(error)
      outgoing.destroy()
    }
  }
}
