/**
 * What `fetch` was given, as a `Request` without its signal: that can be of another kind than the `Request` of this runtime, as
 * in jsdom.
 */
export async function toPlainRequest(
  input: RequestInfo | URL,
  { method, headers, body, signal }: RequestInit,
): Promise<{ request: Request; signal: AbortSignal | undefined }> {
  const asked = typeof input === 'object' && 'headers' in input ? input : undefined
  const verb = (method ?? asked?.method ?? 'GET').toUpperCase()
  const all = new Headers(headers ?? asked?.headers)
  const given = body === undefined || body === null ? undefined : plainBody(body)
  const type = given?.headers.get('content-type')
  if (type && !all.has('content-type')) all.set('content-type', type)
  const content = await (given ?? asked?.clone())?.arrayBuffer()
  const request = new Request(asked?.url ?? `${input}`, {
    method: verb,
    headers: all,
    ...(/^(GET|HEAD)$/.test(verb) ? {} : { body: content ?? '' }),
  })
  return { request, signal: signal ?? asked?.signal }
}

/** A body with its type. Parameters of another kind are known by their tag; bytes are the same everywhere. */
function plainBody(body: BodyInit): Response {
  const isParameters = Object.prototype.toString.call(body) === '[object URLSearchParams]'
  return new Response(isParameters ? new URLSearchParams(`${body}`) : body)
}
