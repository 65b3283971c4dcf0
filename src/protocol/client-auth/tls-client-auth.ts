import { TlsClientAuth } from 'oauth4webapi'
import { configInvalid } from '../authorize/begin.js'
import type { ClientAuth } from './client-auth.js'

/** How requests with the certificate travel. */
export interface TlsClientAuthOptions {
  /**
   * Makes requests over connections that show the client's certificate; where the runtime has a way of its own. Without
   * one it is the platform that has the certificate, as in a browser: the requests are made with credentials, so that it
   * is shown.
   */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * Proves the client with a certificate of an authority that the server trusts (RFC 8705 §2.1). Requests go to the
 * server's `mtls_endpoint_aliases` where it has them (§5). In Node see `mutualTls` of `proofkey/node`.
 * @throws `config_invalid`
 */
export const tlsClientAuth = (options?: TlsClientAuthOptions): ClientAuth => byCertificate('tls_client_auth', options)

/**
 * Proves the client with a certificate of its own making, registered at the server (RFC 8705 §2.2); else as
 * {@link tlsClientAuth}.
 * @throws `config_invalid`
 */
export const selfSignedTlsClientAuth = (options?: TlsClientAuthOptions): ClientAuth =>
  byCertificate('self_signed_tls_client_auth', options)

function byCertificate(method: string, { fetch }: TlsClientAuthOptions = {}): ClientAuth {
  if (fetch !== undefined && typeof fetch !== 'function') throw configInvalid([`fetch (${typeof fetch}): a function`])
  return {
    method,
    authenticate: TlsClientAuth(),
    route: (server, options) => [
      { ...server, ...server.mtls_endpoint_aliases },
      { ...options, fetch: fetch ?? withCredentials(options.fetch) },
    ],
  }
}

/** Browsers count a client certificate among the credentials of a request; without them Firefox shows none. */
const withCredentials =
  (fetch = globalThis.fetch): typeof fetch =>
  (input, init) =>
    fetch(input, { ...init, credentials: 'include' })
