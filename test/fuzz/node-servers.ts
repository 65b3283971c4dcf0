/** Node's own HTTP/1 and HTTP/2 servers: what they make of a head is what the adapter is given. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'

type Handler = (incoming: IncomingMessage) => void

/** Feeds octets to the server as one connection, without a network; resolves when the server is done with it. */
export async function sendOctets(server: Server, octets: Buffer): Promise<void> {
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  connection.on('error', () => {})
  server.emit('connection', connection)
  connection.push(octets)
  connection.push(null)
  if (!connection.writableFinished && !connection.destroyed) {
    await new Promise<void>((resolve) => connection.once('finish', resolve).once('close', resolve))
  }
  connection.destroy()
}

/** @param lenient Node's `insecureHTTPParser`, which some apps switch on */
export function http1Server(handle: Handler, lenient: boolean): Server {
  const server = createServer(
    { insecureHTTPParser: lenient },
    (incoming: IncomingMessage, outgoing: ServerResponse) => {
      handle(incoming)
      outgoing.setHeader('connection', 'close')
      outgoing.end()
    },
  )
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('connect', (incoming, socket) => {
    handle(incoming)
    socket.destroy()
  })
  return server
}

/** A server on loopback with one session, made anew where an input ends it. */
export function http2Server(handle: Handler) {
  const server = http2.createServer((incoming, outgoing) => {
    handle(incoming as unknown as IncomingMessage)
    outgoing.end()
  })
  server.on('connect', (incoming, outgoing) => {
    handle(incoming)
    outgoing.end()
  })
  server.on('sessionError', () => {})
  let session: http2.ClientHttp2Session | undefined

  async function connected(): Promise<http2.ClientHttp2Session> {
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    if (!session || session.closed || session.destroyed) {
      session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      session.on('error', () => {})
    }
    return session
  }

  return {
    /** Resolves when the stream is over; what the client itself refuses to send is not sent. */
    async send(headers: http2.OutgoingHttpHeaders): Promise<void> {
      const current = await connected()
      let stream: http2.ClientHttp2Stream
      try {
        stream = current.request(headers, { endStream: true })
      } catch {
        return
      }
      stream.on('error', () => {})
      stream.resume()
      await new Promise<void>((resolve) => stream.once('close', resolve))
    },
    async close() {
      session?.destroy()
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
