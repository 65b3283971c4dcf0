import { KEYS_SECONDS, UNKNOWN_KEY_PAUSE_SECONDS } from '../../limits.js'
import { createCache } from '../discovery/cached.js'
import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused } from '../request.js'
import { fetchKeys } from './id-token-signature.js'
import { type JwsHeader, keysFor, type PublicJwk } from './jws.js'

/** Finds the one key that a signature with this header can be of. */
export type KeySource = (header: JwsHeader) => Promise<PublicJwk | undefined>

/**
 * Keeps a server's public keys for 5 minutes, and for an hour more while they cannot be loaded anew. Where none fits, as
 * after a rotation, it asks once more, but at most once a minute: a made-up `kid` causes no request each time. Any number
 * of callers share one request; failed ones back off.
 * @param load for example {@link loadKeys}; what it fails with is what the source fails with, where there are no keys
 * @param onFailure hears of each failed load; `stale` tells that the earlier keys go on in use
 */
export function createKeySource(
  load: () => Promise<readonly PublicJwk[]>,
  onFailure?: (error: unknown, stale: boolean) => void,
): KeySource {
  const { lifetime: lifetimeSeconds, stale: staleSeconds } = KEYS_SECONDS
  const keys = createCache(load, { lifetimeSeconds, staleSeconds, onFailure })
  return async (header) => {
    // Of two that fit, neither is the one (OpenID Connect Core §10.1 wants a kid then).
    const only = ([key, another]: PublicJwk[]) => (another ? undefined : key)
    const found = only(keysFor(header, await keys.get()))
    if (found || keys.sinceAttempt < UNKNOWN_KEY_PAUSE_SECONDS) return found
    return only(keysFor(header, await keys.reload()))
  }
}

/**
 * Fetches the keys at a server's `jwks_uri`.
 * @throws `endpoint_refused`, `network_error`, `timeout`, `aborted`, `response_refused`
 */
export async function loadKeys(server: ServerMetadata, options: RequestOptions): Promise<readonly PublicJwk[]> {
  const url = endpoint(server, 'jwks_uri', options.insecure)
  const set = Object(await (await fetchKeys(url, options)).json().catch(() => undefined))
  if (!Array.isArray(set.keys)) throw responseRefused(url, 'sent no JWK Set')
  return set.keys
}
