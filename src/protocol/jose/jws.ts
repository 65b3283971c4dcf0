import { fromBase64url } from '../../crypto/base64url.js'
import type { Jwk, WebCryptoKey } from '../../crypto/jwk.js'
import { subtle, utf8 } from '../../crypto/web-crypto.js'

/** The header of a signed JWT (RFC 7515 §4.1). */
export interface JwsHeader {
  readonly alg: string
  readonly kid?: string | undefined
  readonly typ?: unknown
}

/** A parsed signed JWT (RFC 7519 §3). */
export interface Jwt {
  readonly header: JwsHeader
  readonly claims: Readonly<Record<string, unknown>>
  /** The signed text: header and payload as received. */
  readonly input: string
  readonly signature: Uint8Array
}

/** One of a server's public keys (RFC 7517 §4). */
export interface PublicJwk extends Jwk {
  readonly kid?: unknown
}

/**
 * Parses a signed JWT without verifying it (RFC 7519 §7.2).
 * @returns undefined for anything else: encrypted, malformed, or with a `crit` header, because no extension is supported
 * (RFC 7515 §4.1.11)
 */
export function parseJwt(token: string): Jwt | undefined {
  const [, head = '', body = '', proof = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(token) ?? []
  try {
    const header = object(head)
    if (typeof header['alg'] !== 'string' || !['string', 'undefined'].includes(typeof header['kid'])) return undefined
    if ('crit' in header) return undefined
    return {
      header: header as unknown as JwsHeader,
      claims: object(body),
      input: `${head}.${body}`,
      signature: fromBase64url(proof),
    }
  } catch {
    return undefined
  }
}

/** The header of a JWT, signed or encrypted, not checked; undefined if there is none. */
export function headerOf(token: string): Record<string, unknown> | undefined {
  try {
    return object(token.split('.', 1)[0] as string)
  } catch {
    return undefined
  }
}

/** The keys that match this header (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). */
export function keysFor({ alg, kid }: JwsHeader, keys: readonly PublicJwk[]): PublicJwk[] {
  const wanted = algorithmOf(alg)
  return keys.filter(
    (key) =>
      wanted !== undefined &&
      key?.kty === wanted.kty &&
      (wanted.kty === 'RSA' || key.crv === wanted.crv) &&
      (kid === undefined || key.kid === kid) &&
      (key.alg === undefined || key.alg === alg) &&
      (key.use === undefined || key.use === 'sig') &&
      (key.key_ops === undefined || (Array.isArray(key.key_ops) && key.key_ops.includes('verify'))),
  )
}

/** Verifies the signature with this key. RSA keys under 2048 bits are rejected (RFC 7518 §3.3). */
export async function isSignedBy({ header, input, signature }: Jwt, jwk: PublicJwk): Promise<boolean> {
  const found = algorithmOf(header.alg)
  if (!found) return false
  try {
    const key = await importedKey(jwk, header.alg, found)
    const { modulusLength = 2048 } = key.algorithm as Partial<RsaKeyAlgorithm>
    return (
      modulusLength >= 2048 &&
      (await subtle().verify(found.algorithm, key, signature as Uint8Array<ArrayBuffer>, utf8(input)))
    )
  } catch {
    return false
  }
}

/** Importing takes as long as verifying. By JWK object and algorithm: a key without `alg` serves several. */
const importedKeys = new WeakMap<PublicJwk, Map<string, Promise<WebCryptoKey>>>()

function importedKey(jwk: PublicJwk, alg: string, { kty, algorithm }: Algorithm): Promise<WebCryptoKey> {
  const ofJwk = importedKeys.get(jwk) ?? new Map<string, Promise<WebCryptoKey>>()
  const imported = ofJwk.get(alg)
  if (imported) return imported
  const { n, e, crv, x, y } = jwk
  // Import only the public members: `use`, `key_ops` (checked above) or a private part could make it fail.
  const members = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }
  const key = subtle().importKey('jwk', members as Jwk, algorithm, false, ['verify'])
  importedKeys.set(jwk, ofJwk.set(alg, key))
  return key
}

interface Algorithm {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: string
  /** The WebCrypto parameters of both import and verification. */
  readonly algorithm: { readonly name: string } & Partial<EcKeyImportParams & RsaHashedImportParams & RsaPssParams>
}

/** RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2; no HMAC, and not `none`. */
function algorithmOf(alg: string): Algorithm | undefined {
  if (alg === 'EdDSA' || alg === 'Ed25519') return { kty: 'OKP', crv: 'Ed25519', algorithm: { name: 'Ed25519' } }
  const [, family, bits] = /^(RS|PS|ES)(256|384|512)$/.exec(alg) ?? []
  const hash = `SHA-${bits}`
  switch (family) {
    case 'RS':
      return { kty: 'RSA', algorithm: { name: 'RSASSA-PKCS1-v1_5', hash } }
    case 'PS':
      return { kty: 'RSA', algorithm: { name: 'RSA-PSS', hash, saltLength: Number(bits) / 8 } }
    case 'ES': {
      const crv = bits === '512' ? 'P-521' : `P-${bits}`
      return { kty: 'EC', crv, algorithm: { name: 'ECDSA', namedCurve: crv, hash } }
    }
    default:
      return undefined
  }
}

function object(part: string): Record<string, unknown> {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(fromBase64url(part)))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object')
  return value as Record<string, unknown>
}
