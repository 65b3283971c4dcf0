import type { IncomingMessage, ServerResponse } from 'node:http'

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
 * `Request`. Its URL is what this server sees: behind a proxy see `forwardedHeaders`. Whatever a stranger sends, it does
 * not throw: a host that is none becomes `localhost`, which no callback is for.
 */
export function toRequest(incoming: FrameworkRequest, { body = incoming.body }: ToRequestOptions = {}): Request {
  const { method = 'GET', headers } = incoming
  const sent = new Headers()
  for (const [name, values = []] of Object.entries(headers)) {
    if (!name.startsWith(':')) for (const value of [values].flat()) sent.append(name, value)
  }
  const url = urlOf(incoming)
  if (!/^(POST|PUT|PATCH|DELETE)$/.test(method)) {
    // A Web Request knows no TRACE; nothing here answers one either.
    return new Request(url, { method: /^(CONNECT|TRACE|TRACK)$/.test(method) ? 'GET' : method, headers: sent })
  }
  const stream = written(body, incoming) ?? streamFrom(incoming)
  return new Request(url, { method, headers: sent, body: stream, duplex: 'half' } as RequestInit)
}

function urlOf({ socket, headers, originalUrl, url = '/' }: FrameworkRequest): string {
  const scheme = 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const host = `${headers.host ?? headers[':authority'] ?? ''}`
  const origin = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+](:\d+)?$/i.test(host) ? `${scheme}://${host}` : `${scheme}://localhost`
  // A target may name a host of its own (RFC 9112 §3.2.2); what was asked for here is its path.
  const target = (originalUrl ?? url).replace(/^https?:\/\/[^/?#]*/i, '')
  const path = target.startsWith('/') ? target : `/${target}`
  return URL.canParse(origin + path) ? origin + path : `${origin}/`
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
