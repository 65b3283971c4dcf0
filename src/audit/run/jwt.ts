import { base64url } from '../../crypto/base64url.js'
import { subtle, utf8 } from '../../crypto/web-crypto.js'
import type { PrivateJwk } from '../../protocol/client-auth/private-key-jwt.js'
import { Inconclusive } from '../check.js'

/** Signs the text of a JWT. */
export type Sign = (input: string) => Promise<Uint8Array>

type Members = Readonly<Record<string, unknown>>

const part = (members: Members) => base64url(utf8(JSON.stringify(members)))

/** A signed JWT (RFC 7519), whatever is in it. A member that is `undefined` is left out. */
export async function createJwt(header: Members, claims: Members, sign: Sign): Promise<string> {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${base64url(await sign(input))}`
}

/** Signs with a key of WebCrypto. */
export const signWith =
  (key: CryptoKey): Sign =>
  async (input) =>
    new Uint8Array(await subtle().sign({ ...key.algorithm, hash: 'SHA-256', saltLength: 32 }, key, utf8(input)))

/** Signs with a private JWK. @throws Inconclusive if it cannot be used */
export async function signWithJwk(jwk: PrivateJwk, alg: string): Promise<Sign> {
  const names: Record<string, object> = {
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    Ed25519: { name: 'Ed25519' },
    EdDSA: { name: 'Ed25519' },
  }
  const algorithm = names[alg]
  const { alg: _, use: __, key_ops: ___, ...members } = jwk
  try {
    if (algorithm)
      return signWith(await subtle().importKey('jwk', members, algorithm as RsaHashedImportParams, false, ['sign']))
  } catch {}
  throw new Inconclusive(`The client's key cannot sign with ${alg}.`)
}

/** Signs with HMAC-SHA-256. */
export async function signWithSecret(secret: string): Promise<Sign> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return signWith(await subtle().importKey('raw', utf8(secret), algorithm, false, ['sign']))
}
