import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { BAD_REQUEST_ORIGIN, parseHost } from './bad-request.js'

/** The properties that Express and others add to Node's request. */
interface FrameworkRequest extends IncomingMessage {
  /** Express: the URL before a router removed its mount path. */
  readonly originalUrl?: string
  /** The body as a body parser has parsed it. */
  readonly body?: unknown
}

/** Options of {@link toRequest}. */
export interface ToRequestOptions {
  /** The body, if it was read before, parsed or not. Default: `request.body` of Express. */
  readonly body?: unknown
}

/**
 * Node's request (`http`, `http2`, Express; in Fastify `toRequest(request.raw, { body: request.body })`) as a Web
 * `Request`. Its URL is the one that this server received: behind a proxy see `forwardedHeaders`.
 *
 * Never throws. An invalid request becomes a `Request` to `http://bad-request.invalid`, and every handler of
 * `proofkey/server` responds to that with 400: a missing, invalid or repeated `Host`
 * (RFC 9112 §3.2), a host that differs from
 * HTTP/2's `:authority`, a header that `Headers` does not accept, or a method that `Request` does not accept (`CONNECT`,
 * `TRACE`, `TRACK`), which becomes `UNSUPPORTED`.
 */
export function toRequest(incoming: FrameworkRequest, options: ToRequestOptions = {}): Request {
  try {
    const method = normalizedMethod(incoming.method ?? 'GET')
    const sent = new Headers()
    for (const [name, values = []] of Object.entries(incoming.headers)) {
      if (!name.startsWith(':')) for (const value of [values].flat()) sent.append(name, value)
    }
    if (method === UNSUPPORTED) return badRequest(pathOf(incoming), { method, headers: sent })
    const head = { method, headers: sent }
    const origin = originOf(incoming)
    const body = /^(GET|HEAD)$/.test(method)
      ? {}
      : { body: written(options.body ?? incoming.body, incoming) ?? streamFrom(incoming), duplex: 'half' }
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

/** Undefined if the request has no valid host, or two (RFC 9112 §3.2, RFC 9113 §8.3.1). */
function originOf({ socket, headers, rawHeaders = [] }: FrameworkRequest): string | undefined {
  // Node keeps only the first one in `headers`; a proxy may have used another.
  if (rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1) return undefined
  const scheme = socket && 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const named = [headers[':authority'], headers.host].filter((host) => host !== undefined)
  const [host, ...others] = new Set(named.map((name) => parseHost(`${name}`, scheme)))
  return host === undefined || others.length ? undefined : `${scheme}://${host}`
}

/** Path and query of the request target. A host in it (RFC 9112 §3.2.2) is ignored. */
function pathOf(request: FrameworkRequest): string {
  const target = request.originalUrl ?? request.url ?? '/'
  const absolute = /^https?:/i.test(target) ? parseUrl(target) : undefined
  const url = absolute ?? parseUrl(`${BAD_REQUEST_ORIGIN}${target.startsWith('/') ? '' : '/'}${target}`)
  return url ? url.pathname + url.search : '/'
}

/** Node has it since 20.6; TypeScript's DOM types do not. */
const streamFrom = (body: AsyncIterable<Uint8Array>) =>
  (ReadableStream as unknown as { from(body: AsyncIterable<Uint8Array>): ReadableStream }).from(body)

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

/** Sends a Web `Response` as Node's response (`http`, Express; in Fastify `reply.raw` after `reply.hijack()`). */
export async function sendResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.statusCode = response.status
  appendHeaders(outgoing, response.headers)
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}

/** Adds the `headers` of a result or an error to Node's response. Cookies that are already set are kept. */
export function appendHeaders(outgoing: ServerResponse, headers: Headers): void {
  for (const [name, value] of headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  for (const cookie of headers.getSetCookie()) outgoing.appendHeader('set-cookie', cookie)
}
