import type { ServerResponse } from 'node:http'

/**
 * Sends a Web `Response` as Node's response (`http`, Express; in Fastify `reply.raw` after `reply.hijack()`). The body is
 * streamed, no faster than the browser reads it, and cancelled if the browser leaves. If it fails after its beginning was
 * sent, the connection is closed, so that the browser does not take it for complete.
 * @throws what reading the body throws, if nothing was sent before
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
export async function sendResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  const reader = response.body?.getReader()
  const sendHead = () => {
    outgoing.statusCode = response.status
    appendHeaders(outgoing, response.headers)
  }
  if (!reader || outgoing.req?.method === 'HEAD') {
    sendHead()
    outgoing.end()
    return reader?.cancel().catch(() => {})
  }
  let wake = () => {}
  const leave = () => {
    wake()
    // It may have failed or ended.
    reader.cancel().catch(() => {})
  }
  outgoing.on('drain', () => wake())
  outgoing.on('close', leave)
  if (outgoing.destroyed) leave()
  const first = reader.read()
  const isReady = await isSettled(first)
  // Thrown while another response can be sent.
  if (isReady) await first
  sendHead()
  if (!isReady) outgoing.flushHeaders()
  try {
    let { done, value } = await first
    if (!done) {
      const second = reader.read()
      // Node then sends the length of a body that is complete, instead of chunks.
      if ((await isSettled(second)) && (await second).done) return void (outgoing.destroyed || outgoing.end(value))
      await write(value)
      ;({ done, value } = await second)
    }
    while (!done) {
      await write(value)
      ;({ done, value } = await reader.read())
    }
    outgoing.end()
  } catch {
    outgoing.destroy()
  }

  async function write(chunk: Uint8Array | undefined) {
    // A write to what is destroyed is an error event.
    if (outgoing.destroyed || outgoing.write(chunk)) return
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}

/** Whether it is settled already, or by nothing but the promises that are ready. */
const isSettled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ])

/**
 * Adds the `headers` of a result or an error to Node's response. Cookies that are already set are kept.
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { appendHeaders, toRequest } from 'proofkey/node'
 * import type { ServerSessionClient } from 'proofkey/server'
 *
 * declare const auth: ServerSessionClient
 * createServer(async (incoming, outgoing) => {
 *   const { session, headers } = await auth.session(toRequest(incoming))
 *   appendHeaders(outgoing, headers)
 *   outgoing.end(session ? 'Signed in' : 'Signed out')
 * }).listen(3000)
 * ```
 */
export function appendHeaders(outgoing: ServerResponse, headers: Headers): void {
  // HTTP/2 has no such header (RFC 9113 §8.2.2); Node warns of it.
  const isHttp2 = 'stream' in outgoing
  for (const [name, value] of headers)
    if (name !== 'set-cookie' && !(isHttp2 && name === 'connection')) outgoing.setHeader(name, value)
  for (const cookie of headers.getSetCookie()) outgoing.appendHeader('set-cookie', cookie)
}
