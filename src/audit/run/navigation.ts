import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { FetchLike } from '../../protocol/request.js'

/** What a browser sends when a person opens a link. Servers answer a script otherwise, some of them with JSON. */
const OPENED_LINK = {
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
  'sec-fetch-user': '?1',
  'upgrade-insecure-requests': '1',
}

/** Statuses whose response has no body. */
const WITHOUT_BODY = [204, 205, 304]

/** A GET like that of a browser's address bar. Not by `fetch`, which always says that it is one. */
export const navigate: FetchLike = (url, init = {}) =>
  new Promise<Response>((resolve, reject) => {
    const { headers, signal } = init as RequestInit
    const target = new URL(`${url}`)
    const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, {
      agent: false,
      headers: { ...OPENED_LINK, ...Object.fromEntries(new Headers(headers)) },
      ...(signal && { signal }),
    })
    request.on('error', (error) => reject(new TypeError('The request failed', { cause: error })))
    request.on('response', (incoming) => resolve(responseOf(incoming)))
    request.end()
  })

function responseOf(incoming: IncomingMessage): Response {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(incoming.headersDistinct))
    for (const value of values) headers.append(name, value)
  const status = incoming.statusCode ?? 0
  const body = WITHOUT_BODY.includes(status) ? null : (Readable.toWeb(incoming) as ReadableStream)
  return new Response(body, { status, headers })
}
