import { KEYS_SECONDS, UNKNOWN_KEY_PAUSE_SECONDS } from '../../limits.js'
import { createCache } from '../discovery/cached.js'
import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused } from '../request.js'
import { fetchKeys } from './id-token-signature.js'
import { type JwsHeader, keysFor, type PublicJwk } from './jws.js'

/** Finds the only key that matches the header of a signature. */
export type KeySource = (header: JwsHeader) => Promise<PublicJwk | undefined>

/**
 * Caches a server's public keys for 5 minutes, and for one more hour if they cannot be reloaded. If no key matches, for
 * example after a rotation, it reloads them, at most once a minute, so that forged `kid` values cannot cause a request each.
 * Concurrent callers share one request; failed ones back off.
 * @param load for example {@link loadKeys}; without keys, its error is the error of the source
 * @param onFailure called after each failed load; `stale`: the earlier keys remain in use
 * @example
 * ```ts
 * import { createKeySource, discover, loadKeys } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const keys = createKeySource(() => loadKeys(server, {}))
 * ```
 */
export function createKeySource(
  load: () => Promise<readonly PublicJwk[]>,
  onFailure?: (error: unknown, stale: boolean) => void,
): KeySource {
  const { lifetime: lifetimeSeconds, stale: staleSeconds } = KEYS_SECONDS
  let loadedAtMs = Number.NEGATIVE_INFINITY
  const loading = () =>
    load().finally(() => {
      loadedAtMs = performance.now()
    })
  const keys = createCache(loading, { lifetimeSeconds, staleSeconds, onFailure })
  return async (header) => {
    // With two matching keys the choice is ambiguous (OpenID Connect Core §10.1 requires a kid then).
    const only = ([key, another]: PublicJwk[]) => (another ? undefined : key)
    const found = only(keysFor(header, await keys.get()))
    if (found || performance.now() - loadedAtMs < UNKNOWN_KEY_PAUSE_SECONDS * 1000) return found
    return only(keysFor(header, await keys.reload()))
  }
}

/**
 * Fetches the keys at a server's `jwks_uri`.
 * @throws `endpoint_refused`, `network_error`, `timeout`, `aborted`, `response_refused`
 * @example
 * ```ts
 * import { createKeySource, discover, loadKeys } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const keys = createKeySource(() => loadKeys(server, {}))
 * ```
 */
export async function loadKeys(server: ServerMetadata, options: RequestOptions): Promise<readonly PublicJwk[]> {
  const url = endpoint(server, 'jwks_uri', options.insecure)
  const set = Object(await (await fetchKeys(url, options)).json().catch(() => undefined))
  if (!Array.isArray(set.keys)) throw responseRefused(url, 'returned no JWK Set')
  return set.keys
}
