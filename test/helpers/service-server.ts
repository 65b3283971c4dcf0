import type { ServerMetadata } from '../../src/protocol.js'
import {
  clientSecretBasic,
  createServiceClient,
  type ProofkeyEvent,
  type ServiceClientConfig,
} from '../../src/server.js'
import { givenToFetch } from './given-to-fetch.js'

export const ISSUER = 'https://as.example'
export const ORDERS = 'https://orders.example'

/** Faults of a service's authorization server and of its API, which may change while it runs. */
export interface ServiceFaults {
  /** Answers (or throws) instead of the token endpoint. */
  respond?: ((body: URLSearchParams) => Response | Promise<Response>) | undefined
  token?: object
  metadata?: object
  /** Answers instead of the API. */
  api?: ((request: Request) => Response | Promise<Response>) | undefined
}

/** A service, with an authorization server and an API in its `fetch`. Tokens are numbered. */
export function createService(faults: ServiceFaults = {}, config: Partial<ServiceClientConfig> = {}) {
  const metadata = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    ...faults.metadata,
  } as ServerMetadata
  const sent: URLSearchParams[] = []
  const calls: Request[] = []
  const fetch: typeof globalThis.fetch = async (...given) => {
    const { url, init } = await givenToFetch(...given)
    if (init.signal?.aborted) throw init.signal.reason
    if (url === metadata.token_endpoint) {
      const body = new URLSearchParams(String(init.body))
      sent.push(body)
      if (faults.respond) return faults.respond(body)
      const access_token = `token-number-${sent.length}`
      return Response.json({ access_token, token_type: 'Bearer', expires_in: 3600, ...faults.token })
    }
    if (url.startsWith(ISSUER)) return Response.json(metadata)
    const request = new Request(url, init)
    calls.push(request)
    return faults.api?.(request) ?? new Response('ok')
  }
  const service = createServiceClient({
    issuer: ISSUER,
    clientId: 'service',
    clientAuth: clientSecretBasic('s3cret-of-service'),
    apis: { [ORDERS]: {} },
    fetch,
    ...config,
  })
  const events: ProofkeyEvent[] = []
  service.subscribe((event) => events.push(event))
  return { service, faults, sent, calls, events, fetch }
}
