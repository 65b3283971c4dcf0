/** The part of undici's `Dispatcher` that is used. */
export interface UndiciDispatcher {
  // biome-ignore lint/suspicious/noExplicitAny: each version declares its own options and handler
  dispatch(options: any, handler: any): boolean
}

/** What {@link Undecoded} takes of the init of `fetch`. */
export interface UndecodedInit {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | ReadableStream<Uint8Array> | null | undefined
  readonly signal: AbortSignal
  /** The dispatcher's own time limits do not apply: the signal is the limit. */
  readonly isPatient?: boolean | undefined
}

/** A response whose body is as it was sent: its `content-encoding` applies. */
export interface UndecodedResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
}

/** A `fetch` that neither decodes the body nor follows redirects. */
export type Undecoded = (url: string, init: UndecodedInit) => Promise<UndecodedResponse>

/** Of undici 7 and 8; undici 6 passes `abort` and `resume` instead. */
interface Controller {
  readonly rawHeaders?: readonly RawHeader[] | null
  abort(reason: unknown): void
  pause(): void
  resume(): void
}
type RawHeader = string | Uint8Array | readonly (string | Uint8Array)[]

/** How much of a body is kept until it is read. */
const MAX_WAITING_BYTES = 65_536
const NULL_BODY = [204, 205, 304]

/**
 * Sends one request by an undici dispatcher. The body of the response comes no faster than it is read, and has to be read or
 * cancelled. Works with undici 6 to 8, whose handlers differ.
 * @throws the reason of the signal, the error of the request's body, or undici's error
 */
export function exchange(
  dispatcher: UndiciDispatcher,
  url: string,
  { method, headers, body = null, signal, isPatient = false }: UndecodedInit,
): Promise<UndecodedResponse> {
  return new Promise((resolve, reject) => {
    const { origin, pathname, search } = new URL(url)
    let abort = (_reason: unknown) => {}
    let resume = () => {}
    let sink: ReadableStreamDefaultController<Uint8Array> | undefined
    let isPaused = false
    let isOver = false
    const upload = body instanceof ReadableStream ? uploadOf(body) : undefined

    const leave = () => fail(signal.reason)
    const end = (reason?: unknown) => {
      isOver = true
      signal.removeEventListener('abort', leave)
      upload?.cancel(reason)
    }
    /** Ends the request, and what is waited for with this reason. */
    function fail(reason: unknown) {
      if (isOver) return
      end(reason)
      abort(reason)
      if (sink) sink.error(reason)
      else reject(reason)
    }

    function onHead(status: number, received: Headers) {
      // Others follow (RFC 9110 §15.2).
      if (status < 200) return
      if (method === 'HEAD' || NULL_BODY.includes(status)) return resolve({ status, headers: received, body: null })
      const stream = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            sink = controller
          },
          pull() {
            if (!isPaused) return
            isPaused = false
            resume()
          },
          cancel(reason) {
            if (isOver) return
            end(reason)
            abort(reason ?? new DOMException('The body is not read.', 'AbortError'))
          },
        },
        { highWaterMark: MAX_WAITING_BYTES, size: (chunk) => chunk.byteLength },
      )
      resolve({ status, headers: received, body: stream })
    }
    /** @returns whether more may come */
    function onChunk(chunk: Uint8Array): boolean {
      if (isOver) return true
      sink?.enqueue(chunk)
      isPaused = (sink?.desiredSize ?? 1) <= 0
      return !isPaused
    }
    function onEnd() {
      if (isOver) return
      end()
      sink?.close()
    }

    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave)
    const handler = {
      onConnect(stop: typeof abort) {
        abort = stop
        if (isOver) stop(new DOMException('The request has ended.', 'AbortError'))
      },
      onHeaders(status: number, raw: readonly RawHeader[], more: () => void) {
        resume = more
        onHead(status, headersOf(raw))
        return true
      },
      onData: onChunk,
      onComplete: onEnd,
      onError: fail,
      onRequestStart(controller: Controller) {
        handler.onConnect((reason) => controller.abort(reason))
        resume = () => controller.resume()
      },
      onResponseStart(
        { rawHeaders }: Controller,
        status: number,
        parsed: Readonly<Record<string, string | readonly string[] | undefined>>,
      ) {
        onHead(status, rawHeaders ? headersOf(rawHeaders) : headersOf(rawOf(parsed)))
      },
      onResponseData(controller: Controller, chunk: Uint8Array) {
        if (!onChunk(chunk)) controller.pause()
      },
      onResponseEnd: onEnd,
      onResponseError: (_: unknown, error: unknown) => fail(error),
    }
    try {
      dispatcher.dispatch(
        {
          ...{ origin, path: pathname + search, method, headers, body: upload?.chunks ?? body },
          ...(isPatient && { headersTimeout: 0, bodyTimeout: 0 }),
        },
        handler,
      )
    } catch (error) {
      fail(error)
    }
  })
}

/** The chunks of a request's body, which are given up where nobody takes them. */
function uploadOf(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader()
  async function* chunks() {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  }
  return { chunks: chunks(), cancel: (reason: unknown) => void reader.cancel(reason).catch(() => {}) }
}

/** Names and values in turn, as bytes or text: a byte is a character (Fetch §5.1). */
function headersOf(raw: readonly RawHeader[]): Headers {
  const headers = new Headers()
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(raw[at] as string | Uint8Array)
    for (const value of [raw[at + 1]].flat()) headers.append(name, latin1(value as string | Uint8Array))
  }
  return headers
}

const latin1 = (value: string | Uint8Array): string =>
  typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')

/** Without the bytes, undici has decoded them as UTF-8. */
const rawOf = (parsed: Readonly<Record<string, string | readonly string[] | undefined>>): RawHeader[] =>
  Object.entries(parsed).flatMap(([name, values = []]) =>
    [values].flat().flatMap((value) => [name, Buffer.from(value)]),
  )
