import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, request as tlsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { SelfSigned } from './self-signed.js'

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** Node's own server on a free loopback port; with a certificate it speaks TLS. */
export async function listen(
  listener: RequestListener,
  tls?: Pick<SelfSigned, 'cert' | 'key'>,
  options: ServerOptions = {},
): Promise<Listening> {
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(options, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {})
  await close()
  return port
}

/** Sends a request over TLS, trusting this certificate only. Unlike `fetch` it can name another `Host`. */
export async function sendOverTls(request: Request, { cert }: SelfSigned): Promise<Response> {
  const { url, method } = request
  const headers = Object.fromEntries(request.headers)
  const { hostname: servername } = new URL(url)
  const sent = tlsRequest(url, { method, headers, ca: cert, servername, family: 4, agent: false })
  sent.end(Buffer.from(await request.arrayBuffer()))
  const [incoming]: IncomingMessage[] = await once(sent, 'response')
  const body = await buffer(incoming!)
  const received = Object.entries(incoming!.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  return new Response(body.length ? body : null, { status: incoming!.statusCode!, headers: received })
}
