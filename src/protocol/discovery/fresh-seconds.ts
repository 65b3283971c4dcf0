import { DEFAULT_FRESH_SECONDS } from '../../limits.js'

/**
 * How long a response is fresh (RFC 9111 §4.2): `max-age` less `Age`; five minutes if the server does not say. 0, less or NaN
 * with `no-store`, `no-cache`, a malformed value, or `Expires` alone. Of another origin, a page sees `Age` only if the server
 * exposes it (CORS).
 */
export function freshSeconds(headers: Headers): number {
  const control = headers.get('cache-control') ?? ''
  // Without digits it is 0.
  const maxAge = /max-age=?"?(\d*)/i.exec(control)?.[1] ?? (headers.get('expires') ? 0 : DEFAULT_FRESH_SECONDS)
  return /no-(store|cache)/i.test(control) ? 0 : Number(maxAge) - Number(headers.get('age'))
}
