import { ProofkeyError, redact } from '../../errors.js'
import type { PinnedServer } from '../authorize/transaction.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import type { RequestOptions } from '../request.js'

/** Adds the client authentication to the body or the headers of a request. */
export type Authenticate = (
  server: PinnedServer,
  client: { client_id: string },
  body: URLSearchParams,
  headers: Headers,
) => void | Promise<void>

/** Says which client it is, and proves nothing (RFC 6749 §3.2.1). */
export const nameClient: Authenticate = (_, { client_id }, body) => body.set('client_id', client_id)

/** How the client authenticates at the token endpoint (RFC 6749 §2.3). */
export interface ClientAuth {
  /** The method's registered name (RFC 7591 §2, `token_endpoint_auth_method`). */
  readonly method: string
  /** For mutual TLS: replaces the endpoints and `fetch`, so that requests use the client's certificate. */
  readonly route?:
    | ((server: PinnedServer, options: RequestOptions) => readonly [PinnedServer, RequestOptions])
    | undefined
  /** Adds the client authentication to the body or the headers of a request. */
  readonly authenticate: Authenticate
  /** The secret of the request with these headers: it is withheld where the server's texts are shown. */
  readonly secret?: ((headers: Headers) => string | undefined) | undefined
}

declare const brand: unique symbol

/** `private_key_jwt` with the issuer as the audience: what `privateKeyJwt` returns. */
export interface AssertionClientAuth extends ClientAuth {
  readonly [brand]: 'assertion'
}

/** Mutual TLS: what `tlsClientAuth`, `selfSignedTlsClientAuth` and `mutualTls` return. */
export interface CertificateClientAuth extends ClientAuth {
  readonly [brand]: 'certificate'
  readonly route: NonNullable<ClientAuth['route']>
}

/** The algorithm of the assertions, or that it is a certificate. */
const keys = new WeakMap<object, string>()

/** Marks client authentication by a key that the server does not have, and that no other server can use. */
export function withKey<Marked extends ClientAuth>(clientAuth: Omit<Marked, typeof brand>, key: string): Marked {
  keys.set(clientAuth, key)
  return clientAuth as unknown as Marked
}

/** @returns `certificate`, or the algorithm of the assertions; undefined for any other client authentication */
export const keyOf = (clientAuth: unknown): string | undefined => keys.get(Object(clientAuth))

/**
 * A public client (RFC 6749 §2.1): sends `client_id` without authentication. PKCE protects the code.
 * @example
 * ```ts
 * import { createServerClient, none, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-public-client',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: none(),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const none = (): ClientAuth => ({ method: 'none', authenticate: nameClient })

/**
 * Checks the method against `token_endpoint_auth_methods_supported`, before a secret is sent. Always accepts `none`, because
 * many servers support public clients without listing it.
 * @throws `client_auth_unsupported`
 * @example
 * ```ts
 * import { checkClientAuth, clientSecretBasic, discover } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * checkClientAuth(server, clientSecretBasic('…')) // throws client_auth_unsupported
 * ```
 */
export function checkClientAuth(server: ServerMetadata, { method }: ClientAuth): void {
  if (method !== 'none') checkListed(server, 'token_endpoint_auth_methods_supported', method)
}

/**
 * Checks a value against a list of the metadata. A list that is missing or empty says nothing.
 * @throws `client_auth_unsupported`
 */
export function checkListed(server: ServerMetadata, name: string, value: string): void {
  const listed = [server[name] ?? []].flat().filter(Boolean)
  if (!listed.length || listed.includes(value)) return
  throw new ProofkeyError(
    'client_auth_unsupported',
    `The server does not support ${value}, only ${redact(listed.join(', '))}.`,
    `Use what it supports, or enable ${value} on the server. If ${name} is wrong, pass the corrected document as the metadata option.`,
  )
}
