import { configInvalid } from '../authorize/begin.js'
import type { FetchLike } from '../request.js'
import { type CertificateClientAuth, type ClientAuth, nameClient, withKey } from './client-auth.js'

/** Options of {@link tlsClientAuth} and {@link selfSignedTlsClientAuth}. */
export interface TlsClientAuthOptions {
  /**
   * A `fetch` that uses the client certificate, for a server runtime. Default, for browsers that have the certificate: the
   * client's own `fetch` with `credentials: 'include'`.
   */
  readonly fetch?: FetchLike | undefined
}

/**
 * `tls_client_auth`: authenticates with a certificate from a certificate authority (RFC 8705 §2.1). Requests go to the
 * server's `mtls_endpoint_aliases`, if there are any (§5). In Node use `mutualTls` of `proofkey/node`.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createServerClient, sealedCookie, tlsClientAuth } from 'proofkey/server'
 *
 * declare const [fetchWithCertificate, secret]: [typeof fetch, string]
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: tlsClientAuth({ fetch: fetchWithCertificate }),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const tlsClientAuth = (options?: TlsClientAuthOptions): CertificateClientAuth =>
  byCertificate('tls_client_auth', options)

/**
 * `self_signed_tls_client_auth`: authenticates with a self-signed certificate that is registered at the server (RFC 8705
 * §2.2); otherwise like {@link tlsClientAuth}.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createServerClient, sealedCookie, selfSignedTlsClientAuth } from 'proofkey/server'
 *
 * declare const [fetchWithCertificate, secret]: [typeof fetch, string]
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: selfSignedTlsClientAuth({ fetch: fetchWithCertificate }),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const selfSignedTlsClientAuth = (options?: TlsClientAuthOptions): CertificateClientAuth =>
  byCertificate('self_signed_tls_client_auth', options)

function byCertificate(method: string, { fetch }: TlsClientAuthOptions = {}): CertificateClientAuth {
  if (fetch !== undefined && typeof fetch !== 'function')
    throw configInvalid([`fetch (${typeof fetch}): must be a function`])
  const clientAuth: ClientAuth & Pick<CertificateClientAuth, 'route'> = {
    method,
    authenticate: nameClient,
    route: (server, options) => [
      { ...server, ...server.mtls_endpoint_aliases },
      { ...options, fetch: fetch ?? withCredentials(options.fetch) },
    ],
  }
  return withKey<CertificateClientAuth>(clientAuth, 'certificate')
}

/** Client certificates are credentials in the Fetch standard: Firefox sends none without `credentials: 'include'`. */
const withCredentials =
  (fetch: FetchLike = globalThis.fetch): FetchLike =>
  (input, init) =>
    fetch(input, { ...init, credentials: 'include' })
