import { clamp, RETRY_AFTER_SECONDS } from '../limits.js'
import type { FetchLike, RequestOptions } from '../protocol/request.js'

/**
 * The `fetch` option, or the global one, which also tells for how long the server wants no request (RFC 9110 §10.2.3): from a
 * second, also where it does not say, to an hour.
 */
export const withRetryAfter =
  (options: Pick<RequestOptions, 'fetch'>, onWait: (milliseconds: number) => void): FetchLike =>
  async (...request: Parameters<FetchLike>) => {
    const response = await (options.fetch ?? globalThis.fetch)(...request)
    if (response.status === 429 || response.status === 503) {
      const after = response.headers.get('retry-after') ?? '1'
      const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000
      onWait(Number.isNaN(seconds) ? 0 : clamp(seconds, RETRY_AFTER_SECONDS) * 1000)
    }
    return response
  }
