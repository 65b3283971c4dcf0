import type { EventBody } from '../events.js'
import { MAX_URL_BYTES } from '../limits.js'
import { removeParameter } from './discovery/endpoint.js'
import type { Provider } from './provider.js'

/** What the server can do without, the longer one first. */
const HINTS = ['id_token_hint', 'logout_hint'] as const

/**
 * Leaves hints out of a URL, one after the other, as long as it is too long.
 * @param maxUrlBytes Default 4000; many servers refuse a request of 8 kB
 */
export function omitLongHints(url: URL, maxUrlBytes = MAX_URL_BYTES): void {
  for (const hint of HINTS) if (url.href.length > maxUrlBytes) removeParameter(url, hint)
}

/** The event that tells of a hint that {@link omitLongHints} left out; undefined where it left none out, or none is sent. */
export const omittedHint = (
  url: URL | undefined,
  hint: string | undefined,
  provider?: Provider,
  name: (typeof HINTS)[number] = 'id_token_hint',
): EventBody | undefined =>
  url && hint && !url.searchParams.has(name) && (!provider || name in provider.logout({ [name]: hint }))
    ? { type: `${name}_omitted`, bytes: hint.length }
    : undefined
