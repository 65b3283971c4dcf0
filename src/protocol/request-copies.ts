/** A request as `fetch` itself reads it, in as many copies as it is sent. */
export interface RequestCopies {
  readonly request: Request
  /** Its body is a stream: it can be sent once. */
  readonly once: boolean
  /** What to send next. Headers that are set on it stay its own. */
  copy(): Request
}

/**
 * Builds the one `Request` that is judged, changed and sent, so that no member of it is read twice, or lost: whoever
 * makes a new one from a `Request` and an init drops its referrer and its referrer policy (Fetch §5.4).
 * @throws what `fetch` rejects with: `TypeError`
 */
export function requestCopies(input: RequestInfo | URL, init?: RequestInit): RequestCopies {
  const body = Object(init?.body)
  // A copy would keep all of a stream in memory. Node also takes an async iterable.
  const once = 'getReader' in body || Symbol.asyncIterator in body
  const request = new Request(input, init)
  return { request, once, copy: () => (once ? request : request.clone()) }
}
