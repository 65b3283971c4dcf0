import { ProofkeyError } from '../errors.js'
import { MAX_RESPONSE_BYTES, MAX_SHOWN_LENGTH } from '../limits.js'
import type { InsecureSwitch } from './discovery/endpoint.js'

/** What every function that talks to the server takes. */
export interface RequestOptions {
  /**
   * Used instead of the global `fetch`; must honour `signal` and give the response before it reads the body: what it
   * rejects with counts as no answer, after which a code goes out once more.
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** How long one request may take, body included. Default 10. */
  readonly timeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** {@link allowInsecureLoopback}, and nothing else, lets endpoints be http on a loopback host. */
  readonly insecure?: InsecureSwitch | undefined
}

/**
 * One request: no redirect followed, no cookie or referrer sent, bounded in time and size (256 KiB).
 * The response comes back with its body read and no header but content type and date.
 * @throws `network_error`, `timeout`, `aborted` (all `retryable` unless a response had begun), `response_refused`
 */
export async function send(url: string, init: RequestInit, options: RequestOptions): Promise<Response> {
  const { fetch = globalThis.fetch, timeoutSeconds = 10, signal } = options
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000)
  let answered = false
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
    answered = true
    // A redirect that is not followed has status 0 in browsers.
    if ((response.status < 200 || response.status > 201) && response.status < 400)
      throw responseRefused(url, `answered ${response.status}, perhaps a redirect`)
    const headers = ['content-type', 'date'].map((name): [string, string] => [name, response.headers.get(name) ?? ''])
    return new Response(await readBody(url, response), { status: response.status, headers })
  } catch (cause) {
    if (cause instanceof ProofkeyError) throw cause
    const [code, message, hint] = signal?.aborted
      ? (['aborted', 'was aborted', 'Try again.'] as const)
      : deadline.aborted
        ? (['timeout', `took over ${timeoutSeconds} s`, 'Try again.'] as const)
        : (['network_error', answered ? 'broke off' : 'did not answer', 'Check the connection and CORS.'] as const)
    throw new ProofkeyError(code, `${shown(url)} ${message}.`, hint, {
      // Its name only: what a fetch throws can hold the request.
      cause: (cause as Error)?.name,
      retryable: !answered,
    })
  }
}

/** @throws `response_refused`, where it is too large */
export async function readBody(url: string, response: Response): Promise<Blob> {
  const chunks: BlobPart[] = []
  let size = 0
  const reader = response.body?.getReader()
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > MAX_RESPONSE_BYTES) {
      reader.cancel().catch(() => {})
      throw responseRefused(url, `sent more than ${MAX_RESPONSE_BYTES} bytes`)
    }
    chunks.push(value as BlobPart)
  }
  return new Blob(chunks)
}

/** A response that is not used: whatever was asked for with it is spent. */
export function responseRefused(url: string, what: string): ProofkeyError {
  return new ProofkeyError('response_refused', `${shown(url)} ${what}.`, 'Check the issuer and what stands before it.')
}

const shown = (url: string) => url.slice(0, MAX_SHOWN_LENGTH)
