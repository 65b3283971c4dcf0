import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendResponse, toRequest } from '../../src/node.js'
import { allowInsecureLoopback, clientSecretBasic, createServerClient, memoryVault } from '../../src/server.js'
import { createLogoutServer } from '../helpers/logout-server.js'
import type { Site } from './browser.js'

/** What came with a form. */
export interface Posted {
  readonly origin: string | null
  readonly site: string | null
  readonly status: number
}

export interface FormSite extends Site {
  /** The same page on another site. */
  readonly foreign: string
  readonly posted: Posted[]
}

/**
 * An app whose pages post a form to its `/login` and one to its `/logout`: `/plain`, and `/strict`, which has
 * `Referrer-Policy: no-referrer`. The person goes no further than the redirect, which is shown and not followed.
 */
export async function formSite(): Promise<FormSite> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  const as = createLogoutServer()
  const client = createServerClient({
    issuer: as.issuer,
    clientId: 'web',
    redirectUri: `${url}/callback`,
    clientAuth: clientSecretBasic('s3cret'),
    vault: memoryVault({ maxRecords: 100 }),
    metadata: as.metadata,
    fetch: as.fetch as typeof fetch,
    insecure: allowInsecureLoopback,
  })
  const posted: Posted[] = []
  const buttons = ['login', 'logout'].map(
    (path) => `<form method="post" action="${url}/${path}"><button id="${path}">${path}</button></form>`,
  )

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/login' || pathname === '/logout') {
      const { status } = await (pathname === '/login' ? client.signIn(request) : client.signOut(request))
      const sent = (name: string) => request.headers.get(name)
      posted.push({ origin: sent('origin'), site: sent('sec-fetch-site'), status })
      return new Response(`${status}`)
    }
    const headers = {
      'content-type': 'text/html',
      'referrer-policy': pathname === '/strict' ? 'no-referrer' : 'origin',
    }
    return new Response(`<!doctype html><title>app</title>${buttons.join('')}`, { headers })
  }
  server.on('request', async (incoming, outgoing) => {
    const failed = (error: unknown) => new Response(String(error), { status: 500 })
    await sendResponse(outgoing, await answer(toRequest(incoming)).catch(failed))
  })
  return {
    url,
    foreign: `http://127.0.0.1:${port}`,
    issuer: as.issuer,
    posted,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
