/** The endpoints of a test server, by what they do. */
export type TestEndpoint =
  | 'metadata'
  | 'jwks'
  | 'authorization'
  | 'par'
  | 'token'
  | 'userinfo'
  | 'revocation'
  | 'end_session'

/** A request that a test server has received. */
export interface ReceivedRequest {
  readonly endpoint: TestEndpoint
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** The posted parameters; without a body, those of the URL. */
  readonly parameters: URLSearchParams
}

/**
 * How one response differs from an honest one. `respond`, `status`, `json` and `text` replace it; the other members change it. A
 * value of undefined removes what an honest response has.
 */
export interface Fault {
  /** Answers in place of the server; what it throws, `fetch` throws, and a browser gets no response. */
  readonly respond?: ((request: ReceivedRequest) => Response | Promise<Response>) | undefined
  /** The HTTP status. With `json` or `text` default 200; alone it has an empty body. */
  readonly status?: number | undefined
  /** Replaces the body. */
  readonly json?: unknown
  /** Replaces the body by text that is not JSON: the page of a proxy, a half-sent response. */
  readonly text?: string | undefined
  /** Added to the headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * `network`: there is no response. `cors`: the server processes the request, but a browser shows the page no response; to an
   * injected `fetch` both look the same, as they do to a page.
   */
  readonly failure?: 'network' | 'cors' | undefined
  /** The response waits for this promise: a slow server, without a clock in the test. */
  readonly waitFor?: Promise<unknown> | undefined
  /** Members of the JSON response, unless it is an error. */
  readonly members?: Readonly<Record<string, unknown>> | undefined
  /** Claims of the ID token, of `token` only. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Members of the header of the ID token, for example another `alg`; of `token` only. */
  readonly joseHeader?: Readonly<Record<string, unknown>> | undefined
  /** Signs the ID token with a key that is not in the JWK Set, under the `kid` of one that is; of `token` only. */
  readonly signedBy?: 'foreign_key' | undefined
  /**
   * Parameters of the authorization response, of `authorization` only: another `iss`, `state` or `code`, an `error`. A function
   * gets the parameters of the request.
   */
  readonly callback?: CallbackChange | ((asked: URLSearchParams) => Promise<CallbackChange>) | undefined
}

/** Parameters of an authorization response; undefined removes one. */
export type CallbackChange = Readonly<Record<string, string | undefined>>

/** The faults that are still to come, by endpoint. */
export function createFaults() {
  const queues = new Map<TestEndpoint, Fault[]>()
  const standing = new Map<TestEndpoint, Fault>()
  return {
    next(endpoint: TestEndpoint, fault: Fault) {
      queues.set(endpoint, [...(queues.get(endpoint) ?? []), fault])
    },
    always(endpoint: TestEndpoint, fault: Fault | undefined) {
      if (fault) standing.set(endpoint, fault)
      else standing.delete(endpoint)
    },
    take: (endpoint: TestEndpoint): Fault => queues.get(endpoint)?.shift() ?? standing.get(endpoint) ?? {},
  }
}

/** As `fetch` fails without a response. */
export const failedFetch = (): TypeError => new TypeError('fetch failed')

/** Whether a fault leaves nothing of an honest response. */
export const replaces = ({ respond, status, json, text }: Fault): boolean =>
  !!respond || status !== undefined || json !== undefined || text !== undefined

/** The response that a fault puts in place of an honest one. */
export async function replacement(
  { respond, status = 200, json, text, headers = {} }: Fault,
  request: ReceivedRequest,
): Promise<Response> {
  if (respond) return respond(request)
  if (json !== undefined) return Response.json(json, { status, headers })
  return new Response(text ?? null, { status, headers: { 'content-type': 'text/html', ...headers } })
}

/** Waits, unless the request is aborted first, as `fetch` would reject. */
export async function waited(promise: Promise<unknown> | undefined, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw signal.reason
  if (!promise) return
  await new Promise<void>((resolve, reject) => {
    promise.then(() => resolve(), reject)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
