/**
 * How far the server's clock is ahead of ours, in seconds, by the `Date` of its answer (RFC 9110 §6.6.1). Undefined
 * where that is not to be seen: of another origin, a page sees it only if the server exposes it (CORS).
 */
export function aheadSecondsOf(response: Response): number | undefined {
  const atMs = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(atMs) ? undefined : (atMs - Date.now()) / 1000
}
