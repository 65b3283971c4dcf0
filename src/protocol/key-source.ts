import { endpoint } from './endpoint.js'
import { fetchKeys } from './id-token-signature.js'
import { type JwsHeader, keysFor, type PublicJwk } from './jws.js'
import type { ServerMetadata } from './metadata.js'
import { type RequestOptions, refused } from './request.js'

/** Finds the one key that a signature with this header can be of. */
export type KeySource = (header: JwsHeader) => Promise<PublicJwk | undefined>

const LIFETIME_MS = 300_000
/** Whoever sends a made-up `kid` must not have us ask the server each time. */
const COOLDOWN_MS = 60_000

/**
 * Holds a server's public keys for 5 minutes. Where none fits, as after a rotation, it asks once more, but not within a
 * minute of the last time. Any number of callers share one request; a failure is not held.
 * @param load for example {@link loadKeys}
 */
export function createKeySource(load: () => Promise<readonly PublicJwk[]>): KeySource {
  let current: Promise<readonly PublicJwk[]> | undefined
  let loadedAtMs = 0

  function keys(maxAgeMs: number): Promise<readonly PublicJwk[]> {
    if (current && Date.now() - loadedAtMs < maxAgeMs) return current
    loadedAtMs = Date.now()
    const loading = load()
    current = loading
    loading.catch(() => {
      if (current === loading) current = undefined
    })
    return loading
  }

  return async (header) => {
    // Of two that fit, neither is the one (OpenID Connect Core §10.1 wants a kid then).
    const only = ([key, another]: PublicJwk[]) => (another ? undefined : key)
    return only(keysFor(header, await keys(LIFETIME_MS))) ?? only(keysFor(header, await keys(COOLDOWN_MS)))
  }
}

/**
 * Fetches the keys at a server's `jwks_uri`.
 * @throws `endpoint_refused`, `network_error`, `timeout`, `aborted`, `response_refused`
 */
export async function loadKeys(server: ServerMetadata, options: RequestOptions): Promise<readonly PublicJwk[]> {
  const url = endpoint(server, 'jwks_uri', options.insecure)
  const set = Object(await (await fetchKeys(url, options)).json().catch(() => undefined))
  if (!Array.isArray(set.keys)) throw refused(url, 'sent no JWK Set')
  return set.keys
}
