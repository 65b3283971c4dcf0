import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { BAD_REQUEST_ORIGIN, parseHost } from './bad-request.js'

/** What Express and others add to Node's request. */
interface FrameworkRequest extends IncomingMessage {
  /** Express: the URL before a router cut its mount path off. */
  readonly originalUrl?: string
  /** What a body parser made of the body that it has read. */
  readonly body?: unknown
}

/** Of {@link toRequest}. */
export interface ToRequestOptions {
  /** What was read of the body before us, parsed or not. Default: what Express left in `request.body`. */
  readonly body?: unknown
}

/**
 * Node's request (`http`, `http2`, Express; in Fastify `toRequest(request.raw, { body: request.body })`) as a Web
 * `Request`. Its URL is what this server sees: behind a proxy see `forwardedHeaders`.
 *
 * Never throws. A request of which no Web `Request` can be made goes to `http://bad-request.invalid` instead, and every
 * handler of `proofkey/server` answers that with 400: a `Host` that is none (RFC 9112 §3.2) or is missing, a host that
 * differs from HTTP/2's `:authority`, a header that `Headers` does not take, or a method that `Request` does not take
 * (`CONNECT`, `TRACE`, `TRACK`), which reads `UNSUPPORTED`.
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

/** As Fetch normalises methods: `post` is `POST`, `patch` is another method than `PATCH`. */
function normalizedMethod(method: string): string {
  const upper = method.toUpperCase()
  if (/^(CONNECT|TRACE|TRACK)$/.test(upper)) return UNSUPPORTED
  return /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/.test(upper) ? upper : method
}

/** Undefined where the request names no host, or two (RFC 9112 §3.2, RFC 9113 §8.3.1). */
function originOf({ socket, headers }: FrameworkRequest): string | undefined {
  const scheme = socket && 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const named = [headers[':authority'], headers.host].filter((host) => host !== undefined)
  const [host, ...others] = new Set(named.map((name) => parseHost(`${name}`, scheme)))
  return host === undefined || others.length ? undefined : `${scheme}://${host}`
}

/** Path and query of the target. It may name a host of its own (RFC 9112 §3.2.2), which is not believed. */
function pathOf(request: FrameworkRequest): string {
  const target = request.originalUrl ?? request.url ?? '/'
  const absolute = /^https?:/i.test(target) ? parseUrl(target) : undefined
  const url = absolute ?? parseUrl(`${BAD_REQUEST_ORIGIN}${target.startsWith('/') ? '' : '/'}${target}`)
  return url ? url.pathname + url.search : '/'
}

/** Node has it since 20.6; the DOM's types do not know it. */
const streamFrom = (body: AsyncIterable<Uint8Array>) =>
  (ReadableStream as unknown as { from(body: AsyncIterable<Uint8Array>): ReadableStream }).from(body)

/** A body that was read before us, written again in its own type. */
function written(body: unknown, { headers, readableEnded }: IncomingMessage): BodyInit | undefined {
  if (body === undefined || body === null || !readableEnded) return undefined
  if (typeof body === 'string' || body instanceof Uint8Array) return body as BodyInit
  if (headers['content-type']?.includes('json')) return JSON.stringify(body)
  // Nested fields, which some parsers make, are nothing that a form of ours holds.
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

/** Adds the `headers` of a sign-in, or of a refusal, to Node's response; cookies beside those that are set already. */
export function appendHeaders(outgoing: ServerResponse, headers: Headers): void {
  for (const [name, value] of headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  for (const cookie of headers.getSetCookie()) outgoing.appendHeader('set-cookie', cookie)
}
