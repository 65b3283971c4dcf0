import { base64url } from '../../crypto/base64url.js'
import { ES256 } from '../../crypto/signing-key.js'
import { subtle, utf8 } from '../../crypto/web-crypto.js'

const KID = 'test-key'
const RS256 = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}
const ALGORITHMS: Readonly<Record<string, typeof ES256 | typeof RS256>> = { ES256, RS256 }

/**
 * The key of a test server, made when it is first used, and one that no JWK Set has.
 * @param listed the algorithms in the metadata, of which it uses the first that it has; by default RS256 (OpenID Connect Core §2)
 */
export function createTestSigner(listed: readonly string[] = ['RS256']) {
  const alg = listed.find((one) => one in ALGORITHMS) ?? 'ES256'
  const algorithm = ALGORITHMS[alg] ?? ES256
  const pairs = new Map<string, Promise<CryptoKeyPair>>()
  const pairOf = (name: 'own' | 'foreign'): Promise<CryptoKeyPair> => {
    const pair =
      pairs.get(name) ?? (subtle().generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>)
    pairs.set(name, pair)
    return pair
  }
  const encoded = (value: unknown) => base64url(utf8(JSON.stringify(value)))
  return {
    /** The JWK Set (RFC 7517 §5). */
    async keys() {
      const { key_ops, ext, ...jwk } = await subtle().exportKey('jwk', (await pairOf('own')).publicKey)
      return { keys: [{ ...jwk, kid: KID, use: 'sig', alg }] }
    },
    /** A JWS over these claims (RFC 7515 §3.1). */
    async sign(claims: object, by: 'own' | 'foreign' = 'own', header: object = {}): Promise<string> {
      const input = `${encoded({ alg, kid: KID, typ: 'JWT', ...header })}.${encoded(claims)}`
      const signature = await subtle().sign(algorithm, (await pairOf(by)).privateKey, utf8(input))
      return `${input}.${base64url(new Uint8Array(signature))}`
    },
  }
}
