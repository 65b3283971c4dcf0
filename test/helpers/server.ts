import { createTestServer, type Fault, type TestServerOptions } from '../../src/testing.js'
import { givenToFetch } from './given-to-fetch.js'

type Answer = Response | Promise<Response>

/** Faults of a server, which may be changed while it runs, but for its metadata. */
export interface Faults {
  claims?: Fault['claims']
  joseHeader?: Fault['joseHeader']
  signedBy?: Fault['signedBy']
  /** Members of the token response. */
  token?: Fault['members']
  metadata?: TestServerOptions['metadata']
  /** Answers (or throws) instead of the token endpoint. */
  respond?: (body: URLSearchParams) => Answer
  /** Answers (or throws) instead of the revocation endpoint. */
  revoke?: (body: URLSearchParams) => Answer
  /** Answers (or throws) instead of the API at `api`, once the access token was found good or not. */
  api?: (request: Request, good: boolean) => Answer
  /** Answers (or throws) instead of the JWKS. */
  jwks?: () => Answer
}

/** Where the API lives that takes the server's access tokens. */
export const API = 'https://api.example'

/**
 * The published test server as most tests have it: with faults in one object, and an API beside it. `requests` records what
 * `fetch` was given.
 */
export function createServer(faults: Faults = {}, options: TestServerOptions = {}) {
  const { metadata } = faults
  const server = createTestServer({ issuer: 'https://as.example', user: { sub: 'ada' }, metadata, ...options })
  const requests: { url: string; init: RequestInit; body: URLSearchParams }[] = []
  server.always('token', ({ parameters }) => faults.respond?.(parameters) ?? { ...faults, members: faults.token })
  server.always('revocation', ({ parameters }) => faults.revoke?.(parameters) ?? {})
  server.always('jwks', () => faults.jwks?.() ?? {})
  server.always('userinfo', { members: { name: 'Ada' } })
  // Signed in at the server, for whom asks with prompt=none.
  server.approve()
  const fetch = async (...given: Parameters<typeof globalThis.fetch>): Promise<Response> => {
    const { url, init } = await givenToFetch(...given)
    requests.push({ url, init, body: new URLSearchParams(init.body as URLSearchParams) })
    if (new URL(url).origin === new URL(server.issuer).origin) return server.fetch(url, init)
    if (init.signal?.aborted) throw init.signal.reason
    if (!url.startsWith(API)) return new Response('not found', { status: 404 })
    const good = !!server.introspect(new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? '')
    if (faults.api) return faults.api(new Request(url, init), good)
    return good ? Response.json({ hello: 'ada' }) : new Response(null, { status: 401 })
  }
  return {
    ...server,
    faults,
    fetch,
    requests,
    get issued() {
      return server.issued.map(({ value }) => value)
    },
  }
}
