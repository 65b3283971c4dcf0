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
 * How one response differs from an honest one. `status`, `json` and `text` replace it; the other members change it. A value of
 * undefined removes what an honest response has.
 */
export interface Fault {
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
  /** Claims of the ID token, which then comes without `openid` too; of `token` only. */
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

/**
 * Decides at each request how its response differs, or gives the response itself. What it throws, `fetch` throws.
 * @example
 * ```ts
 * import { createTestServer } from 'proofkey/testing'
 *
 * const server = createTestServer()
 * // Users can sign in, and nothing refreshes.
 * server.always('token', ({ parameters }) => (parameters.has('refresh_token') ? { status: 503 } : {}))
 * server.always('token') // as it was
 * ```
 */
export type FaultOf = (request: ReceivedRequest) => Fault | Response | Promise<Fault | Response>

/** The faults that are still to come, by endpoint. */
export function createFaults() {
  const queues = new Map<TestEndpoint, (Fault | FaultOf)[]>()
  const standing = new Map<TestEndpoint, Fault | FaultOf>()
  return {
    next(endpoint: TestEndpoint, fault: Fault | FaultOf) {
      queues.set(endpoint, [...(queues.get(endpoint) ?? []), fault])
    },
    always(endpoint: TestEndpoint, fault: Fault | FaultOf | undefined) {
      if (fault) standing.set(endpoint, fault)
      else standing.delete(endpoint)
    },
    async take(request: ReceivedRequest): Promise<{ fault: Fault; response?: Response }> {
      const fault = queues.get(request.endpoint)?.shift() ?? standing.get(request.endpoint) ?? {}
      const decided = typeof fault === 'function' ? await fault(request) : fault
      // Not by `instanceof`: a test can have the Response of another realm.
      return 'arrayBuffer' in decided ? { fault: {}, response: decided } : { fault: decided }
    },
  }
}

/** As `fetch` fails without a response. */
export const failedFetch = (): TypeError => new TypeError('fetch failed')

/** The response that a fault puts in place of an honest one, if it does. */
export function replacement({ status, json, text, headers = {} }: Fault): Response | undefined {
  if (json !== undefined) return Response.json(json, { status: status ?? 200, headers })
  if (status === undefined && text === undefined) return undefined
  return new Response(text ?? null, { status: status ?? 200, headers: { 'content-type': 'text/html', ...headers } })
}

/** Waits, unless the request is aborted first, as `fetch` would reject. */
export async function waited<T>(work: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal?.aborted) throw signal.reason
  return new Promise<T>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    Promise.resolve().then(work).then(resolve, reject)
  })
}
