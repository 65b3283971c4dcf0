/**
 * What `fetch` was given, as a `Request` without its signal: that can be of another kind than the `Request` of this runtime, as
 * in jsdom.
 */
export async function toPlainRequest(
  input: RequestInfo | URL,
  { method, headers, body, signal }: RequestInit,
): Promise<{ request: Request; signal: AbortSignal | undefined }> {
  const asked = typeof input === 'object' && 'headers' in input ? input : undefined
  const content = body === undefined || body === null ? await asked?.clone().arrayBuffer() : `${body}`
  const verb = (method ?? asked?.method ?? 'GET').toUpperCase()
  const all = new Headers(headers ?? asked?.headers)
  if (typeof body === 'object' && `${body}`.includes('=') && !all.has('content-type'))
    all.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
  const request = new Request(asked?.url ?? `${input}`, {
    method: verb,
    headers: all,
    ...(/^(GET|HEAD)$/.test(verb) ? {} : { body: content ?? '' }),
  })
  return { request, signal: signal ?? asked?.signal }
}
