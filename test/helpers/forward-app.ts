import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerOptions, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { sendResponse, toRequest } from '../../src/server/edge/node-http.js'
import { createForward } from '../../src/server/session/forward.js'
import type { ForwardConfig, ForwardTokenRequest } from '../../src/server/session/forward-config.js'
import type { ForwardTarget } from '../../src/server/session/forward-target.js'
import { allowInsecureLoopback, type FetchLike } from '../../src/server.js'
import { listen } from './loopback.js'

/** What the API has seen of a request. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** The `fetch` of the apps from now on. */
let fetchOfApps: FetchLike | undefined
export const forwardWith = (fetch: FetchLike): void => {
  fetchOfApps = fetch
}
/** The forwarded bodies are left as the API has sent them. */
export const isUndecoded = (): boolean => fetchOfApps !== undefined

/** What an app's page sends with `fetch`. */
export const OWN = { 'x-proofkey': '1', 'sec-fetch-site': 'same-origin' }

/** An API and an app that forwards to it, both on Node's own server. */
export async function createForwardApp(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse, body: string) => unknown = (_, outgoing) =>
    outgoing.end('from the API'),
  changes: Partial<ForwardConfig> = {},
  where: Partial<ForwardTarget> = {},
  /** Answers before the body is read. */
  isRaw = false,
  /** Of the app's server. */
  options?: ServerOptions,
) {
  const seen: SeenRequest[] = []
  const asked: ForwardTokenRequest[] = []
  const errors: string[] = []
  const sockets: Socket[] = []
  const api = await listen(async (incoming, outgoing) => {
    try {
      const { method = '', url = '', headers, rawHeaders } = incoming
      const body = isRaw ? '' : String(await buffer(incoming))
      seen.push({ method, url, headers, rawHeaders, body })
      await answer(incoming, outgoing, body)
    } catch {
      outgoing.destroy()
    }
  })
  const apiOrigin = `http://127.0.0.1:${api.port}`
  const listener: RequestListener = async (incoming, response) => {
    try {
      await sendResponse(response, await forward(toRequest(incoming, { response }), { ...target, ...where }))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }
  const app = await listen(listener, undefined, options)
  const origin = `http://127.0.0.1:${app.port}`
  const target: ForwardTarget = { to: `${apiOrigin}/v1`, path: '/api/*' }
  let tokens = 0
  const config: ForwardConfig = {
    origin,
    apis: { [apiOrigin]: {} },
    insecure: allowInsecureLoopback,
    fetch: fetchOfApps,
    onError: ({ code }) => errors.push(code),
    async tokenFor(_, needed) {
      asked.push(needed)
      if (needed.rejected !== undefined || !tokens) tokens++
      return { accessToken: `token-${tokens}` }
    },
    ...changes,
  }
  const forward = createForward(config)

  return {
    api: apiOrigin,
    origin,
    seen,
    asked,
    errors,
    config,
    target,
    forward,
    /** As a page of the app does. */
    fetch: (path: string, { headers, ...init }: RequestInit = {}) =>
      fetch(origin + path, { redirect: 'manual', ...init, headers: { ...OWN, ...(headers as object) } }),
    /** A connection to the app, for what `fetch` does not send. */
    async connect(head: string): Promise<Socket> {
      const socket = connect(app.port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(head)
      return socket
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([app.close(), api.close()])
    },
  }
}

/** The head of a page's request, as text. */
export const headOf = (line: string, ...headers: string[]) =>
  [
    `${line} HTTP/1.1`,
    'Host: app.example',
    ...Object.entries(OWN).map((pair) => pair.join(': ')),
    ...headers,
    '\r\n',
  ].join('\r\n')

/** A server that answers each connection with these bytes, whatever it is sent. */
export async function rawServer(bytes: string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('data', () => socket.end(Buffer.from(bytes, 'latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
