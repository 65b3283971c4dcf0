import { base64url, fromBase64url } from '../../crypto/base64url.js'
import { subtle } from '../../crypto/web-crypto.js'
import { configInvalid } from '../authorize/begin.js'

/** A client certificate: DER as bytes, or PEM as text. */
export type Certificate = Uint8Array | string

/** Tells which client certificate the TLS connection of a request has; undefined if none. */
export type CertificateOf = (request: Request) => Certificate | undefined | Promise<Certificate | undefined>

/**
 * The SHA-256 thumbprint of a certificate (`x5t#S256`, RFC 8705 §3.1), of a chain that of the first one.
 * @returns undefined if it is no certificate
 */
export async function certificateThumbprint(certificate: Certificate | undefined): Promise<string | undefined> {
  const der = typeof certificate === 'string' ? fromPem(certificate) : certificate
  // A DER certificate is a SEQUENCE.
  if (der?.[0] !== 0x30) return undefined
  return base64url(new Uint8Array(await subtle().digest('SHA-256', new Uint8Array(der))))
}

function fromPem(pem: string): Uint8Array | undefined {
  const [, body] = /-----BEGIN CERTIFICATE-----([\sA-Za-z\d+/=]+)-----END CERTIFICATE-----/.exec(pem) ?? []
  return decoded(body)
}

function decoded(base64: string | undefined): Uint8Array | undefined {
  try {
    return base64 ? fromBase64url(base64.replace(/\s/g, '')) : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads the client certificate from a header of a proxy that ends TLS: `Client-Cert` of RFC 9440, or PEM in URL encoding
 * (nginx: `$ssl_client_escaped_cert`).
 *
 * @deprecated Marked only as a warning: whoever reaches this server without the proxy, or through one that does not remove
 * the header from requests, can send any certificate, which is public, without its key. With that, stolen tokens can be used.
 * @param header its name, for example `client-cert`
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createResourceServer, certificateFromTrustedProxyHeader } from 'proofkey/resource-server'
 *
 * const api = createResourceServer({
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   mutualTls: { certificateOf: certificateFromTrustedProxyHeader('client-cert') },
 * })
 * ```
 */
export function certificateFromTrustedProxyHeader(header: string): CertificateOf {
  if (!/^[\w-]+$/.test(header)) throw configInvalid(['header: must be the name of a header'])
  return (request) => {
    const value = request.headers.get(header) ?? ''
    const [, base64] = /^:([A-Za-z\d+/=]+):$/.exec(value) ?? []
    return decoded(base64) ?? unescaped(value)
  }
}

function unescaped(value: string): string | undefined {
  try {
    // A repeated header is joined by a comma, which is in neither form.
    return value.includes(',') ? undefined : decodeURIComponent(value)
  } catch {
    return undefined
  }
}
