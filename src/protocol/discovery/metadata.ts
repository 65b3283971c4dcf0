import { ProofkeyError, redact } from '../../errors.js'
import { MAX_METADATA_BYTES } from '../../limits.js'
import type { Provider } from '../provider.js'
import { jsonDocument, type RequestOptions, responseRefused, send } from '../request.js'
import { endpoint, type InsecureSwitch } from './endpoint.js'
import type { PublishedMetadata } from './published-metadata.js'

declare const checked: unique symbol

/** The metadata of an authorization server that people sign in at. */
export interface ServerMetadata extends PublishedMetadata {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
}

/** Metadata checked by {@link checkMetadata}; `beginAuthorization` requires it. */
export type CheckedMetadata = ServerMetadata & { readonly [checked]: true }

/** Options of {@link discover}. */
export interface DiscoveryOptions extends RequestOptions {
  /** How this server differs; it can say where the metadata is, and complete or correct it. */
  readonly provider?: Provider | undefined
  /** Replaces {@link checkMetadata}, for what needs no sign-in. */
  readonly check?: typeof checkMetadata | undefined
}

/**
 * Fetches a server's metadata: `/.well-known/openid-configuration` after the issuer, then the RFC 8414 form before its
 * path, then OpenID's before its path. It uses the first document that exists, of at most 1 MiB, also one redirect away at
 * the same origin.
 * @param onRedirect is called with the URL that redirected
 * @param onLoaded is called with the checked metadata, and the headers that say how long it is fresh
 * @throws what {@link checkMetadata} throws; `network_error`, `timeout`, `aborted`, `response_refused`
 * @example
 * ```ts
 * import { discover } from 'proofkey/protocol'
 *
 * const { token_endpoint } = await discover('https://login.example.com', { timeoutSeconds: 5 })
 * ```
 */
export async function discover(
  issuer: string,
  options: DiscoveryOptions = {},
  onRedirect?: (url: string) => void,
  onLoaded?: (server: CheckedMetadata, headers: Headers) => void,
): Promise<CheckedMetadata> {
  const { provider, insecure, check = checkMetadata } = options
  const { origin, pathname } = new URL(endpoint({ issuer: provider?.metadataBase ?? issuer }, 'issuer', insecure))
  const path = pathname.replace(/\/$/, '')
  const openid = '/.well-known/openid-configuration'
  let failure: ProofkeyError | undefined
  for (const place of new Set([path + openid, `/.well-known/oauth-authorization-server${path}`, openid + path])) {
    const url = origin + place
    try {
      const response = await send(url, { headers: { accept: 'application/json' } }, options, {
        maxBytes: MAX_METADATA_BYTES,
        onRedirect: () => onRedirect?.(url),
      })
      const metadata = await jsonDocument<ServerMetadata>(response)
      if (!metadata) throw responseRefused(url, `responded with status ${response.status} and no JSON`)
      const server = check(provider?.metadata(metadata) ?? metadata, issuer, insecure)
      onLoaded?.(server, response.headers)
      return server
    } catch (error) {
      // Without CORS on its 404, a browser sees an absent document as a network error.
      if (!/^(response_refused|network_error)$/.test((error as ProofkeyError).code)) throw error
      failure ??= error as ProofkeyError
    }
  }
  const { code, message, cause, retryable } = failure as ProofkeyError
  const hint =
    'Check the issuer, in a page also CORS (a 404 without it looks like no response), or pass the metadata option.'
  throw new ProofkeyError(code, `No metadata of ${issuer}: ${message}`, hint, { cause, retryable })
}

/**
 * Checks metadata before it is used.
 * @throws `issuer_mismatch` (compared as strings, exactly: RFC 8414 §3.3); `endpoint_refused`;
 * `pkce_unsupported`, if PKCE methods are listed without S256
 * @example
 * ```ts
 * import { checkMetadata } from 'proofkey/protocol'
 *
 * const server = checkMetadata(
 *   {
 *     issuer: 'https://login.example.com',
 *     authorization_endpoint: 'https://login.example.com/authorize',
 *     token_endpoint: 'https://login.example.com/token',
 *   },
 *   'https://login.example.com',
 * )
 * ```
 */
export function checkMetadata(metadata: ServerMetadata, issuer: string, insecure?: InsecureSwitch): CheckedMetadata {
  if (metadata?.issuer !== issuer) {
    const found = redact(`${JSON.stringify(metadata?.issuer)}`)
    throw new ProofkeyError(
      'issuer_mismatch',
      `The metadata has the issuer ${found}, expected "${issuer}".`,
      'Set issuer exactly as the server does.',
    )
  }
  // The others are checked where they are used: an unused one must not prevent a sign-in.
  // A server that only has other grants has no authorization endpoint; a sign-in refuses that.
  if (metadata.authorization_endpoint) endpoint(metadata, 'authorization_endpoint', insecure)
  endpoint(metadata, 'token_endpoint', insecure)
  if (![metadata.code_challenge_methods_supported ?? 'S256'].flat().includes('S256')) {
    throw new ProofkeyError(
      'pkce_unsupported',
      'The metadata lists PKCE methods without S256.',
      'Enable S256 on the server.',
    )
  }
  return metadata as CheckedMetadata
}
