import { setTimeout as wait } from 'node:timers/promises'
import type { FetchLike } from '../../protocol/request.js'
import { Inconclusive } from '../check.js'
import { navigate } from './navigation.js'
import type { Redaction } from './redact.js'

/** A request as a check writes it: nothing is added but `Accept` and the content type of a form. */
export interface HttpRequest {
  readonly url: string
  /** Default `GET`, or `POST` with a body. */
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | Headers | undefined
  readonly body?: URLSearchParams | string | undefined
  /** Sent as by a person who opens a link, not by a script. */
  readonly navigation?: true | undefined
  /** With a client certificate, for example. Default: the audit's. */
  readonly fetch?: FetchLike | undefined
  /** Sent without a pause, for requests that must arrive at once. */
  readonly unpaced?: true | undefined
}

/** What came back. Redirects are not followed. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, if it is a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  /** Where a redirect leads, as an absolute URL. */
  readonly location: URL | undefined
}

/** A request and its response as they are reported: without secrets, texts cut to {@link MAX_SHOWN}. */
export interface Exchange {
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: string[]
    readonly body?: string
  }
  readonly response?: { readonly status: number; readonly headers: string[]; readonly body: string }
  /** Why there is no response. */
  readonly failure?: string
}

const MAX_SHOWN = 1500
const MAX_BODY_BYTES = 1024 * 1024
const TIMEOUT_MS = 15_000
/** A request that an abort finds on its way may still bring tokens, which must be revoked: it gets this time. */
const ABORTED_MS = 5_000
/** No audit sends more: a loop must not become an attack. */
const MAX_REQUESTS = 2000

/** Response headers that a finding may need. */
const SHOWN_HEADERS =
  /^(content-type|location|cache-control|pragma|www-authenticate|retry-after|dpop-nonce|set-cookie|access-control-.*|strict-transport-security|x-frame-options|content-security-policy|referrer-policy)$/

export interface HttpOptions {
  readonly redaction: Redaction
  readonly fetch?: FetchLike | undefined
  readonly signal: AbortSignal
  /** The least time between the starts of two requests, in milliseconds. */
  readonly paceMs: number
  /** Of another record, to share its pace and its count. */
  readonly pace?: Pace | undefined
}

/** Waits until a request may be sent, and counts it. */
export type Pace = (unpaced?: true) => Promise<void>

/** Sends requests one after the other, paced and counted, and keeps what was sent and received. */
export function createHttp(options: HttpOptions) {
  const { redaction, signal, pace = createPace(options) } = options
  const fetch: FetchLike = options.fetch ?? globalThis.fetch
  const openLink = options.fetch ?? navigate
  const exchanges: Exchange[] = []

  return {
    exchanges,
    pace,

    /** @throws Inconclusive if there is no response, or the server asks to slow down */
    async send({
      url,
      body,
      method = body === undefined ? 'GET' : 'POST',
      ...rest
    }: HttpRequest): Promise<HttpResponse> {
      signal.throwIfAborted()
      await pace(rest.unpaced)
      const headers = new Headers(rest.headers)
      if (rest.navigation) headers.set('accept', 'text/html,application/xhtml+xml,*/*;q=0.8')
      if (!headers.has('accept')) headers.set('accept', 'application/json, text/html;q=0.9, */*;q=0.1')
      if (body instanceof URLSearchParams && !headers.has('content-type'))
        headers.set('content-type', 'application/x-www-form-urlencoded')
      const sentBody = body === undefined ? undefined : `${body}`
      const request = {
        method,
        url: redaction.url(url),
        headers: [...headers].map(([name, value]) => `${name}: ${redaction.header(name, value)}`),
        ...(sentBody !== undefined && { body: shown(redaction.body(sentBody, headers.get('content-type') ?? '')) }),
      }
      const deadline = deadlineOf(signal)
      try {
        const response = (await (rest.fetch ?? (rest.navigation ? openLink : fetch))(url, {
          method,
          headers,
          body: sentBody,
          redirect: 'manual',
          signal: deadline.signal,
        })) as Response
        const text = await readText(response)
        const recorded: Exchange = {
          request,
          response: {
            status: response.status,
            headers: [...response.headers]
              .filter(([name]) => SHOWN_HEADERS.test(name))
              .map(([name, value]) => `${name}: ${redaction.header(name, value)}`),
            body: shown(redaction.body(text, response.headers.get('content-type') ?? '')),
          },
        }
        exchanges.push(recorded)
        if (response.status === 429 || response.status === 503)
          throw new Inconclusive(`The server asks to slow down or is not available (status ${response.status}).`)
        const location = response.headers.get('location')
        return {
          status: response.status,
          headers: response.headers,
          text,
          json: jsonObject(text),
          location: location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined,
        }
      } catch (error) {
        if (error instanceof Inconclusive) throw error
        if (signal.aborted) throw signal.reason
        const failure =
          (error as Error).name === 'TimeoutError' ? `no response in ${TIMEOUT_MS / 1000} s` : causeOf(error)
        exchanges.push({ request, failure })
        throw new Inconclusive(`${method} ${redaction.url(url).split('?')[0]}: ${failure}.`)
      } finally {
        deadline.clear()
      }
    },
  }
}

/** Ends a request that takes too long; after an abort, sooner. */
function deadlineOf(aborted: AbortSignal) {
  const stop = new AbortController()
  const end = () => stop.abort(new DOMException('No response in time', 'TimeoutError'))
  const timers = [setTimeout(end, TIMEOUT_MS)]
  const soon = () => timers.push(setTimeout(end, ABORTED_MS))
  aborted.addEventListener('abort', soon, { once: true })
  return {
    signal: stop.signal,
    clear(): void {
      aborted.removeEventListener('abort', soon)
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function createPace({ signal, paceMs }: HttpOptions): Pace {
  let sent = 0
  let nextAt = 0
  return async (unpaced) => {
    if (++sent > MAX_REQUESTS) throw new Inconclusive(`The audit stops after ${MAX_REQUESTS} requests.`)
    if (unpaced) return
    const now = performance.now()
    const delay = nextAt - now
    nextAt = Math.max(now, nextAt) + paceMs
    if (delay > 0) await wait(delay, undefined, { signal })
  }
}

export type Http = ReturnType<typeof createHttp>

const shown = (text: string) => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)

/** Only the code: the message can contain the request. */
const causeOf = (error: unknown): string => {
  const { cause } = error as { cause?: { code?: string } }
  return `the connection failed${cause?.code ? ` (${cause.code})` : ''}`
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) break
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
