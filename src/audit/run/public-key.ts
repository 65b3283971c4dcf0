import { subtle } from '../../crypto/web-crypto.js'
import type { PrivateJwk } from '../../protocol/client-auth/private-key-jwt.js'

/** The public members of a private JWK. */
export function publicJwkOf({ kty, crv, x, y, n, e }: PrivateJwk): JsonWebKey {
  if (kty === 'RSA') return { kty, n, e } as JsonWebKey
  return (kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }) as JsonWebKey
}

/** The public key as PEM (SubjectPublicKeyInfo), as libraries keep it. */
export async function publicPemOf(jwk: PrivateJwk): Promise<string> {
  const algorithm =
    jwk.kty === 'RSA'
      ? { name: 'RSA-PSS', hash: 'SHA-256' }
      : jwk.kty === 'EC'
        ? { name: 'ECDSA', namedCurve: jwk.crv ?? '' }
        : { name: 'Ed25519' }
  const key = await subtle().importKey('jwk', publicJwkOf(jwk), algorithm, true, ['verify'])
  const bytes = new Uint8Array(await subtle().exportKey('spki', key))
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}
