import { sha256 } from './digest.js'
import type { WebCryptoKey } from './jwk.js'
import { subtle } from './web-crypto.js'

/** The public members of an EC key (RFC 7518 §6.2.1), in the order of RFC 7638 §3.3. */
export interface PublicMembers {
  readonly crv: string
  readonly kty: string
  readonly x: string
  readonly y: string
}

/** An ES256 key pair. The private key cannot be exported, but can be stored in IndexedDB. */
export interface SigningKey {
  readonly privateKey: WebCryptoKey
  readonly publicJwk: PublicMembers
}

export const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/**
 * Generates a key pair. @throws `insecure_context`
 * @example
 * ```ts
 * import { createDpop, createSigningKey } from 'proofkey/protocol'
 *
 * const key = await createSigningKey() // keep it with the tokens that are bound to it
 * const dpop = createDpop(async () => key)
 * ```
 */
export async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await subtle().generateKey(ES256, false, ['sign', 'verify'])
  const { crv, kty, x, y } = (await subtle().exportKey('jwk', publicKey)) as PublicMembers
  return { privateKey, publicJwk: { crv, kty, x, y } }
}

/** The JWK thumbprint (RFC 7638 §3), base64url of a SHA-256 digest. */
export const thumbprintOf = ({ crv, kty, x, y }: PublicMembers): Promise<string> =>
  sha256(JSON.stringify({ crv, kty, x, y }))
