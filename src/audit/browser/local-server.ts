import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ProofkeyError } from '../../errors.js'

/** A request to one of this machine's own names, with its whole URL. */
export interface LocalRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  /** The body as text. @throws RangeError over {@link MAX_BODY_BYTES} */
  body(): Promise<string>
}

export type LocalHandler = (request: LocalRequest, response: ServerResponse) => Promise<void> | void

export interface LocalServer {
  readonly port: number
  close(): Promise<void>
}

const MAX_BODY_BYTES = 64 * 1024
const LIMITS = {
  requestTimeout: 10_000,
  headersTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 32768,
}

/** The names of this machine that a redirect URI can have. */
const NAMES = ['127.0.0.1', 'localhost', '[::1]']

export const isOwnHost = (hostname: string): boolean => NAMES.includes(hostname)

/** For every response: nothing is cached, framed, sniffed or passed on as `Referer`. */
export const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/**
 * Listens on both loopback addresses. A request under any other host name gets 421: with DNS rebinding, a web page could send
 * requests here, but only under its own name.
 * @param port 0: any free one
 * @throws `config_invalid` if the port cannot be had
 */
export async function listenLocally(port: number, handler: LocalHandler): Promise<LocalServer> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // An aborted connection must not end the process.
    response.on('error', () => {})
    answer(request, response, handler).catch((error) => {
      const status = error instanceof RangeError ? 413 : 400
      if (response.headersSent) response.destroy()
      else response.writeHead(status, { ...HEADERS, connection: 'close' }).end()
    })
  }
  const servers: Server[] = []
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer(LIMITS, listener)
    try {
      await once(server.listen({ host, port: servers[0] ? portOf(servers[0]) : port }), 'listening')
      server.on('error', () => {})
      servers.push(server)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Many machines have no IPv6.
      if (servers[0] && /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(`${code}`)) continue
      await Promise.all(servers.map(end))
      throw new ProofkeyError(
        'config_invalid',
        `Invalid configuration: cannot listen on port ${port} of this machine (${code}).`,
        'End the program that has it, or register and pass another redirect URI.',
      )
    }
  }
  return {
    port: portOf(servers[0]!),
    async close() {
      await Promise.all(servers.map(end))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, handler: LocalHandler): Promise<void> {
  const { method = '', headers, url = '', socket } = request
  const host = headers.host?.toLowerCase() ?? ''
  const port = socket.localPort
  const own = NAMES.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]))
  if (!own.includes(host) || !url.startsWith('/')) {
    response.writeHead(421, { ...HEADERS, connection: 'close' }).end()
    return
  }
  await handler({ method, headers, url: new URL(`http://${host}${url}`), body: () => readBody(request) }, response)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new RangeError('The body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function end(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
