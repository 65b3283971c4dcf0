import type { IncomingMessage, ServerResponse } from 'node:http'
import { BAD_REQUEST_ORIGIN } from '../../protocol/bad-request.js'
import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { parseHost } from './host.js'

/** The properties that Express and others add to Node's request. */
interface FrameworkRequest extends IncomingMessage {
  /** Express: the URL before a router removed its mount path. */
  readonly originalUrl?: string
  /** The body as a body parser has parsed it. */
  readonly body?: unknown
  /** Express: the response. */
  readonly res?: ServerResponse | undefined
  /** Of HTTP/2. */
  readonly stream?: { readonly endAfterHeaders?: boolean }
}

/** Options of {@link toRequest}. */
export interface ToRequestOptions {
  /** The body, if it was read before, parsed or not. Default: `request.body` of Express. */
  readonly body?: unknown
  /**
   * Node's response. With it the `signal` of the request is aborted if the browser leaves before the response is sent.
   * Default: `request.res` of Express.
   */
  readonly response?: ServerResponse | undefined
}

/**
 * Node's request (`http`, `http2`, Express; in Fastify `toRequest(request.raw, { body: request.body })`) as a Web
 * `Request`. Its URL is the one that this server received: behind a proxy see `forwardedHeaders`.
 *
 * Never throws. An invalid request becomes a `Request` to `http://bad-request.invalid`, and every handler of
 * `proofkey/server` and `proofkey/resource-server` responds to that with 400: a missing, invalid or repeated `Host`
 * (RFC 9112 §3.2), a repeated `Authorization`, a host that differs from HTTP/2's `:authority`, a header that `Headers` does not accept, or a method that `Request` does not accept (`CONNECT`,
 * `TRACE`, `TRACK`), which becomes `UNSUPPORTED`.
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { sendResponse, toRequest } from 'proofkey/node'
 * import type { ServerSessionClient } from 'proofkey/server'
 *
 * declare const auth: ServerSessionClient
 * createServer(async (incoming, outgoing) => {
 *   const handled = await auth.handle(toRequest(incoming))
 *   await sendResponse(outgoing, handled ?? new Response('Hello'))
 * }).listen(3000)
 * ```
 */
export function toRequest(incoming: FrameworkRequest, options: ToRequestOptions = {}): Request {
  try {
    const method = normalizedMethod(incoming.method ?? 'GET')
    const sent = new Headers()
    for (const [name, values = []] of Object.entries(incoming.headers)) {
      if (!name.startsWith(':')) for (const value of [values].flat()) sent.append(name, value)
    }
    if (method === UNSUPPORTED) return badRequest(pathOf(incoming), { method, headers: sent })
    const head = { method, headers: sent, signal: signalOf(options.response ?? incoming.res) }
    const origin = originOf(incoming)
    const parsed = /^(GET|HEAD)$/.test(method) ? undefined : written(options.body ?? incoming.body, incoming)
    // It was the length of what is serialised again.
    if (parsed !== undefined) sent.delete('content-length')
    const body =
      parsed === undefined && !hasBody(incoming, method) ? {} : { body: parsed ?? streamFrom(incoming), duplex: 'half' }
    return new Request((origin ?? BAD_REQUEST_ORIGIN) + pathOf(incoming), { ...head, ...body })
  } catch {
    return badRequest('/', { method: UNSUPPORTED })
  }
}

const badRequest = (path: string, init: RequestInit) => new Request(BAD_REQUEST_ORIGIN + path, init)

const UNSUPPORTED = 'UNSUPPORTED'

/** The method as Fetch normalises it: `post` becomes `POST`; `patch` is not changed. */
function normalizedMethod(method: string): string {
  const upper = method.toUpperCase()
  if (/^(CONNECT|TRACE|TRACK)$/.test(upper)) return UNSUPPORTED
  return /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/.test(upper) ? upper : method
}

/** Undefined if the request has no valid host, or two (RFC 9112 §3.2, RFC 9113 §8.3.1), or two `Authorization` headers. */
function originOf({ socket, headers, rawHeaders = [] }: FrameworkRequest): string | undefined {
  // Node keeps only the first one in `headers`; a proxy may have used another.
  const single = rawHeaders.filter((name, at) => at % 2 === 0 && /^(host|authorization)$/i.test(name))
  if (new Set(single.map((name) => name.toLowerCase())).size < single.length) return undefined
  const scheme = socket && 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const named = [headers[':authority'], headers.host].filter((host) => host !== undefined)
  const [host, ...others] = new Set(named.map((name) => parseHost(`${name}`, scheme)))
  return host === undefined || others.length ? undefined : `${scheme}://${host}`
}

/** Path and query of the request target. A host in it (RFC 9112 §3.2.2) is ignored. */
function pathOf(request: FrameworkRequest): string {
  const target = request.originalUrl ?? request.url ?? '/'
  const absolute = /^https?:/i.test(target) ? parseUrl(target) : undefined
  const { pathname, search } = absolute ?? new URL(`${BAD_REQUEST_ORIGIN}${target.startsWith('/') ? '' : '/'}${target}`)
  return pathname + search
}

/** HTTP/1 marks a body by its headers (RFC 9112 §6.3), HTTP/2 ends the stream at once. */
function hasBody({ httpVersionMajor, headers, stream }: FrameworkRequest, method: string): boolean {
  if (/^(GET|HEAD)$/.test(method)) return false
  if (httpVersionMajor !== 1) return !stream?.endAfterHeaders
  return 'content-length' in headers || 'transfer-encoding' in headers
}

/** Aborted if the connection closes before the response is sent. */
function signalOf(outgoing: ServerResponse | undefined): AbortSignal | null {
  if (!outgoing) return null
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort(new DOMException('The browser has left.', 'AbortError'))
  })
  return controller.signal
}

/** The body as a stream that reads no more than it is asked for. Untouched until then. */
function streamFrom(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isListening = false
  let wake = () => {}
  const onChange = () => wake()
  const changes = ['readable', 'end', 'error', 'close']
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!isListening) for (const change of changes) incoming.on(change, onChange)
        isListening = true
        for (;;) {
          const chunk = incoming.read()
          if (chunk !== null) return controller.enqueue(chunk)
          if (incoming.readableEnded) return controller.close()
          if (incoming.destroyed) throw incoming.errored ?? new Error('The request is incomplete.')
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      },
      cancel() {
        for (const change of changes) incoming.off(change, onChange)
        // Read on without keeping it: a browser that cannot send its request does not see the response.
        incoming.resume()
      },
    },
    { highWaterMark: 0 },
  )
}

/** A body that was read before, serialised again in its content type. */
function written(body: unknown, { headers, readableEnded }: IncomingMessage): BodyInit | undefined {
  if (body === undefined || body === null || !readableEnded) return undefined
  if (typeof body === 'string' || body instanceof Uint8Array) return body as BodyInit
  if (headers['content-type']?.includes('json')) return JSON.stringify(body)
  // Ignore nested fields, which some parsers create: none of our forms has them.
  const fields = Object.entries(Object(body)).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => (typeof value === 'string' ? [[name, value]] : [])),
  )
  return `${new URLSearchParams(fields)}`
}
