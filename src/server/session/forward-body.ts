import { ProofkeyError } from '../../errors.js'
import { MAX_BODY_BYTES } from '../../limits.js'
import type { ForwardLimits } from './forward-config.js'

/** Ends a request where nothing moves. */
export interface ForwardWatch {
  /** Aborted if the browser leaves, or if nothing has moved for too long. */
  readonly signal: AbortSignal
  /** Which side was waited for, if nothing has moved for too long. */
  readonly stalled: 'browser' | 'api' | 'upload' | undefined
  readonly limits: Readonly<Record<keyof ForwardLimits, number>>
  /** Something has moved. @param next the side that is waited for from now on */
  moved(next: 'browser' | 'api'): void
  /** The request's body is complete. */
  uploaded(): void
  /** The response is complete, or given up. */
  end(): void
}

/** @param browser aborted when the browser leaves */
export function watchForward(browser: AbortSignal, limits: ForwardWatch['limits']): ForwardWatch {
  const controller = new AbortController()
  let movedAt = performance.now()
  let uploadUntil = movedAt + limits.uploadTimeoutSeconds * 1000
  let waitsFor: 'browser' | 'api' = 'api'
  let stalled: ForwardWatch['stalled']
  // One timer that looks back is cheaper than a new one for each chunk.
  const look = () => {
    const idleUntil = movedAt + limits.idleTimeoutSeconds * 1000
    const leftMs = Math.min(idleUntil, uploadUntil) - performance.now()
    if (leftMs > 0) timer = setTimeout(look, leftMs)
    else {
      stalled = uploadUntil < idleUntil ? 'upload' : waitsFor
      controller.abort(new DOMException('Nothing was sent for too long.', 'TimeoutError'))
    }
  }
  let timer: ReturnType<typeof setTimeout>
  look()
  const leave = () => controller.abort(browser.reason)
  if (browser.aborted) leave()
  browser.addEventListener('abort', leave)
  return {
    signal: controller.signal,
    limits,
    get stalled() {
      return stalled
    },
    moved(next) {
      movedAt = performance.now()
      waitsFor = next
    },
    uploaded() {
      uploadUntil = Number.POSITIVE_INFINITY
    },
    end() {
      clearTimeout(timer)
      browser.removeEventListener('abort', leave)
    },
  }
}

/**
 * The request's body: in memory if it is short and says so, because then it can be sent again; otherwise a stream, whose
 * length the API is told if it is known.
 * @throws `forward_refused`, if it is longer than it says
 */
export async function forwardBody({ body, headers }: Request, watch: ForwardWatch) {
  if (!body) {
    watch.uploaded()
    return { body: undefined, once: false, length: undefined }
  }
  const length = /^\d{1,16}$/.test(headers.get('content-length') ?? '') ? headers.get('content-length') : null
  if (length === null || Number(length) > MAX_BODY_BYTES) {
    const stream = watched(body, watch, 'browser', watch.uploaded)
    return { body: stream, once: true, length: length ?? undefined }
  }
  const whole = new Uint8Array(Number(length))
  const reader = body.getReader()
  const stop = () => void reader.cancel().catch(() => {})
  watch.signal.throwIfAborted()
  watch.signal.addEventListener('abort', stop, { once: true })
  watch.moved('browser')
  let size = 0
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw browserLeft()
    })
    watch.signal.throwIfAborted()
    if (done) break
    watch.moved('browser')
    if (size + value.length > whole.length) {
      stop()
      throw new ProofkeyError('forward_refused', 'The body is longer than its Content-Length.', 'Send its real length.')
    }
    whole.set(value, size)
    size += value.length
  }
  watch.signal.removeEventListener('abort', stop)
  watch.uploaded()
  watch.moved('api')
  return { body: size ? whole.subarray(0, size) : undefined, once: false, length: undefined }
}

/**
 * The stream, read only when it is asked for the next chunk: what is not read is not sent by the other side.
 * @param from who sends it
 * @param ended called when the stream ends, fails (with the error) or is cancelled
 */
export function watched(
  stream: ReadableStream<Uint8Array>,
  watch: ForwardWatch,
  from: 'browser' | 'api',
  ended: (error?: unknown) => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  const to = from === 'api' ? 'browser' : 'api'
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        watch.moved(from)
        try {
          const { done, value } = await reader.read()
          watch.moved(to)
          if (!done) return controller.enqueue(value)
          ended()
          controller.close()
        } catch (error) {
          ended(error)
          throw from === 'browser' ? browserLeft() : error
        }
      },
      cancel(reason) {
        ended()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

export const browserLeft = (): ProofkeyError =>
  new ProofkeyError('aborted', 'The browser has left.', 'Send the request again.')
