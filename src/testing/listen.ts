import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendResponse, toRequest } from '../server/edge/node-http.js'
import { createTestServer, type TestServerOptions } from './server/create-test-server.js'
import type { TestServer } from './server/test-server.js'

/** Options of {@link listenTestServer}. */
export interface ListenOptions extends Omit<TestServerOptions, 'issuer'> {
  /** The port on 127.0.0.1. Default: a free one. */
  readonly port?: number | undefined
}

/** A test server with a port; see {@link listenTestServer}. */
export interface ListeningTestServer extends TestServer {
  /** Ends all connections and frees the port. */
  close(): Promise<void>
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'authorization, content-type, dpop',
  'access-control-expose-headers': 'dpop-nonce, www-authenticate',
}

/**
 * The server of `createTestServer` on a loopback port, for browsers (Playwright, Storybook) and for backends in other processes.
 * Its issuer is `http://127.0.0.1:<port>`, so the client under test needs `insecure: allowInsecureLoopback`. Never use it for
 * anything but tests: whoever comes is signed in.
 * @throws the errors of `net.Server.listen`, for example `EADDRINUSE`
 * @example
 * ```ts
 * import { listenTestServer } from 'proofkey/testing-node'
 *
 * const server = await listenTestServer()
 * console.log(server.issuer) // for the configuration of the app under test
 * await server.close()
 * ```
 */
export async function listenTestServer({ port = 0, ...options }: ListenOptions = {}): Promise<ListeningTestServer> {
  let server: TestServer | undefined
  const http = createServer(async (incoming, outgoing) => {
    try {
      if (incoming.method === 'OPTIONS') return void outgoing.writeHead(204, CORS).end()
      const response = await (server as TestServer).handle(toRequest(incoming))
      if (response.headers.has('access-control-allow-origin'))
        for (const [name, value] of Object.entries(CORS)) response.headers.set(name, value)
      await sendResponse(outgoing, response)
    } catch {
      // What a fault wants: no response.
      outgoing.destroy()
    }
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject).listen(port, '127.0.0.1', () => resolve())
  })
  server = createTestServer({ ...options, issuer: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
  return {
    ...server,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}
