/** A request as `fetch` reads it, with a copy for each attempt. */
export interface RequestCopies {
  readonly request: Request
  /** Its body is a stream: it can be sent once. */
  readonly once: boolean
  /** The request for the next attempt. Headers that are set on it do not affect other copies. */
  copy(): Request
}

/**
 * Builds the one `Request` that is checked, changed and sent, so that no member is read twice or lost: a new one built from
 * a `Request` and an init would lose the referrer and the referrer policy (Fetch §5.4).
 * @throws `TypeError`, as `fetch` does
 */
export function requestCopies(input: RequestInfo | URL, init?: RequestInit): RequestCopies {
  const body = Object(init?.body)
  // A copy of a stream would be stored in memory. Node also accepts an async iterable.
  const once = 'getReader' in body || Symbol.asyncIterator in body
  const request = new Request(input, init)
  return { request, once, copy: () => (once ? request : request.clone()) }
}
