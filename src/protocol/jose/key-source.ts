import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused } from '../request.js'
import { fetchKeys } from './id-token-signature.js'
import { type JwsHeader, keysFor, type PublicJwk } from './jws.js'

/** Finds the one key that a signature with this header can be of. */
export type KeySource = (header: JwsHeader) => Promise<PublicJwk | undefined>

const LIFETIME_MS = 300_000
/** Whoever sends a made-up `kid` must not have us ask the server each time. */
const COOLDOWN_MS = 60_000

/**
 * Holds a server's public keys for 5 minutes. Where none fits, as after a rotation, it asks once more, but not within a
 * minute of the last time. Any number of callers share one request; one that fails is not held, and costs those nothing
 * who come with a key that is.
 * @param load for example {@link loadKeys}; what it fails with is what the source fails with
 */
export function createKeySource(load: () => Promise<readonly PublicJwk[]>): KeySource {
  let held: readonly PublicJwk[] = []
  let heldAtMs = Number.NEGATIVE_INFINITY
  let askedAtMs = 0
  let loading: Promise<readonly PublicJwk[]> | undefined

  async function ask(): Promise<readonly PublicJwk[]> {
    askedAtMs = Date.now()
    held = await load()
    heldAtMs = askedAtMs
    return held
  }

  function renewed(): Promise<readonly PublicJwk[]> {
    loading ??= ask().finally(() => {
      loading = undefined
    })
    return loading
  }

  return async (header) => {
    // Of two that fit, neither is the one (OpenID Connect Core §10.1 wants a kid then).
    const only = ([key, another]: PublicJwk[]) => (another ? undefined : key)
    const found = only(keysFor(header, Date.now() - heldAtMs < LIFETIME_MS ? held : await renewed()))
    if (found || (!loading && Date.now() - askedAtMs < COOLDOWN_MS)) return found
    return only(keysFor(header, await renewed()))
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
