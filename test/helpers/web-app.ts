import { appendHeaders, sendResponse, toRequest } from '../../src/server/edge/node-http.js'
import { isProofkeyError, type ServerClient } from '../../src/server.js'
import { type Listening, listen } from './loopback.js'
import type { SelfSigned } from './self-signed.js'

export interface WebApp extends Listening {
  /** Whose sign-ins it serves from now on. */
  use(client: ServerClient): void
}

/** A small app on Node's own server: `…/login` starts a sign-in, `…/callback` answers with its claims or its error. */
export async function startWebApp(tls?: SelfSigned): Promise<WebApp> {
  let client: ServerClient
  const listening = await listen(async (incoming, outgoing) => {
    const request = toRequest(incoming)
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/login')) return sendResponse(outgoing, await client.signIn(request))
    if (!pathname.endsWith('/callback')) return sendResponse(outgoing, new Response('not found', { status: 404 }))
    try {
      const { headers, claims } = await client.handleCallback(request)
      await sendResponse(outgoing, Response.json({ sub: claims?.sub }, { headers }))
    } catch (error) {
      if (!isProofkeyError(error)) throw error
      const { code, message, hint } = error
      appendHeaders(outgoing, (error as unknown as { headers: Headers }).headers)
      await sendResponse(outgoing, Response.json({ code, message, hint }, { status: 400 }))
    }
  }, tls)
  return {
    ...listening,
    use(next) {
      client = next
    },
  }
}
