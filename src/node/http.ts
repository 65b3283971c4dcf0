import type { IncomingMessage, ServerResponse } from 'node:http'

/** What Express and others add to Node's request. */
interface FrameworkRequest extends IncomingMessage {
  /** Express: the URL before a router cut its mount path off. */
  readonly originalUrl?: string
  /** What a body parser made of the body that it has read. */
  readonly body?: unknown
}

/**
 * Node's request (`http`, Express; in Fastify `request.raw`) as a Web `Request`. Its URL is what this server sees: behind
 * a proxy see `forwardedHeaders`.
 */
export function toRequest(incoming: FrameworkRequest): Request {
  const { method = 'GET', headers, socket } = incoming
  const scheme = 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const url = new URL(incoming.originalUrl ?? incoming.url ?? '/', `${scheme}://${headers.host ?? 'localhost'}`)
  const sent = new Headers()
  for (const [name, values = []] of Object.entries(headers)) {
    if (!name.startsWith(':')) for (const value of [values].flat()) sent.append(name, value)
  }
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers: sent })
  const body = parsedBody(incoming) ?? streamFrom(incoming)
  return new Request(url, { method, headers: sent, body, duplex: 'half' } as RequestInit)
}

/** Node has it since 20.6; the DOM's types do not know it. */
const streamFrom = (body: AsyncIterable<Uint8Array>) =>
  (ReadableStream as unknown as { from(body: AsyncIterable<Uint8Array>): ReadableStream }).from(body)

/** A body that was read and parsed before us, written again in its own type. */
function parsedBody({ body, headers, readableEnded }: FrameworkRequest): string | undefined {
  if (body === undefined || !readableEnded) return undefined
  if (typeof body === 'string') return body
  if (headers['content-type']?.includes('json')) return JSON.stringify(body)
  return `${new URLSearchParams(body as Record<string, string>)}`
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
