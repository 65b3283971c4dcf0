import { isTime } from './json.js'

/** What is wrong with a claim; of a time also by how much it differs from `nowSeconds`, so that a wrong clock can be told. */
export function timeProblem(name: string, value: unknown, nowSeconds = Date.now() / 1000): string {
  const seconds = isTime(value) && /exp|nbf|iat|time/.test(name) && Math.round(value - nowSeconds)
  return `its ${name} is ${value === undefined ? 'missing' : 'wrong'}${seconds ? ` (${seconds} s from now)` : ''}`
}

/**
 * How far the server's clock is ahead of ours, in seconds, by the `Date` of its answer (RFC 9110 §6.6.1). Undefined
 * where that is not to be seen: of another origin, a page sees it only if the server exposes it (CORS).
 */
export function aheadSecondsOf(response: Response): number | undefined {
  const atMs = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(atMs) ? undefined : (atMs - Date.now()) / 1000
}
