import { ProofkeyError } from '../errors.js'
import { MAX_RESPONSE_BYTES, MAX_SHOWN_LENGTH } from '../limits.js'
import { joinBytes } from './bytes.js'
import type { InsecureSwitch } from './discovery/endpoint.js'

/**
 * The part of `fetch` that is used: the global one fits, and those of undici and Bun. Called with a URL as text and an init;
 * for an API with one `Request`, which the `fetch` of the package undici does not accept.
 */
// biome-ignore lint/suspicious/noExplicitAny: each runtime declares its own Request and RequestInit
export type FetchLike = (input: any, init?: any) => Promise<FetchedResponse>

/** The part of `Response` that is used. */
export interface FetchedResponse {
  readonly status: number
  readonly url: string
  readonly redirected: boolean
  readonly headers: { get(name: string): string | null }
  readonly body: {
    getReader(): {
      read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: Uint8Array | undefined }>
      cancel(): Promise<void>
    }
  } | null
  clone(): FetchedResponse
}

/** A function that is called like the global `fetch`. */
export type Fetch = (...request: Parameters<typeof globalThis.fetch>) => Promise<Response>

/** Options of all requests to the server. */
export interface RequestOptions {
  /**
   * Used instead of the global `fetch`. It must honour `signal` and resolve before it reads the body: a rejection counts as
   * no response, after which a code may be sent again.
   */
  readonly fetch?: FetchLike | undefined
  /** The time limit of one request, body included. Default 10. */
  readonly timeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** {@link allowInsecureLoopback}, and nothing else, allows http endpoints on a loopback host. */
  readonly insecure?: InsecureSwitch | undefined
}

/** What one request may do more than the others. */
interface Allowances {
  /** The size of the response. Default 256 KiB. */
  readonly maxBytes?: number
  /** Allows one redirect to the same origin, and is called for it. */
  readonly onRedirect?: () => void
}

/**
 * Sends one request. It sends no cookies and no referrer, and follows no redirect unless `onRedirect` allows it. Time and
 * size are limited. The returned response has its body in memory, and only the headers `content-type`, `date`, and
 * those of its freshness.
 * @throws `network_error`, `timeout`, `aborted` (all `retryable` unless a response had begun), `response_refused`
 */
export async function send(
  url: string,
  init: RequestInit,
  options: RequestOptions,
  { maxBytes, onRedirect }: Allowances = {},
): Promise<Response> {
  const { fetch = globalThis.fetch as FetchLike, timeoutSeconds = 10, signal } = options
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000)
  let answered = false
  const ask = (url: string, redirect: RequestRedirect) =>
    fetch(url, {
      ...init,
      redirect,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
  try {
    let response = await ask(url, 'manual')
    answered = true
    if (onRedirect && isRedirect(response)) {
      const home = new URL('/', url).href
      const next = new URL(response.headers.get('location') ?? '', url).href
      // Browsers hide the target and the number of redirects: they follow all, and the URL where that ends is checked.
      if (next.startsWith(home)) response = await ask(next, response.status ? 'manual' : 'follow')
      if (!(response.url || next).startsWith(home)) throw responseRefused(url, 'redirects to another origin')
      if (!isRedirect(response)) onRedirect()
    }
    if (isRedirect(response))
      throw responseRefused(url, `responded with status ${response.status}`, 'Use the final URL.')
    const headers = KEPT_HEADERS.map((name): [string, string] => [name, response.headers.get(name) ?? ''])
    return new Response(await readBody(url, response, maxBytes), { status: response.status, headers })
  } catch (cause) {
    if (cause instanceof ProofkeyError) throw cause
    // Of a server's runtime, such as ECONNREFUSED. Browsers do not say what failed.
    const reason = /^[A-Z_]+$/.exec(Object(cause).cause?.code)
    const [code, message, hint] = signal?.aborted
      ? (['aborted', 'was aborted', 'Try again.'] as const)
      : deadline.aborted
        ? (['timeout', `took over ${timeoutSeconds} s`, 'Try again, or raise timeoutSeconds.'] as const)
        : ([
            'network_error',
            answered ? 'broke off' : 'did not respond',
            'Check the network; in a page also CORS.',
          ] as const)
    throw new ProofkeyError(code, `${shown(url)} ${message}${reason ? ` (${reason})` : ''}.`, hint, {
      // Only the name: the message of a fetch error can contain the request.
      cause: (cause as Error)?.name,
      retryable: !answered,
    })
  }
}

const KEPT_HEADERS = ['content-type', 'date', 'cache-control', 'age', 'expires']

/** No answer: a redirect, which has status 0 in browsers, or a status without a body. */
const isRedirect = ({ status }: FetchedResponse) => (status < 200 || status > 201) && status < 400

/** @throws `response_refused`, if it is too large */
export async function readBody(
  url: string,
  response: FetchedResponse,
  maxBytes = MAX_RESPONSE_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxBytes) {
      reader.cancel().catch(() => {})
      throw responseRefused(url, `sent over ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
  return joinBytes(chunks, size)
}

/** The parsed body, if the response is JSON by its status and type; otherwise undefined or false. */
export const jsonDocument = async <Document>(response: Response): Promise<Document | false | undefined> =>
  response.ok &&
  /^application\/json\s*(;|$)/i.test(response.headers.get('content-type') ?? '') &&
  response.json().catch(() => undefined)

/** A response that cannot be used. The server has processed the request, so a code or refresh token in it is used up. */
export function responseRefused(url: string, what: string, hint = CHECK_ISSUER): ProofkeyError {
  return new ProofkeyError('response_refused', `${shown(url)} ${what}.`, hint)
}

export const CHECK_ISSUER = 'Check the issuer and its proxies.'

const shown = (url: string) => url.slice(0, MAX_SHOWN_LENGTH)
