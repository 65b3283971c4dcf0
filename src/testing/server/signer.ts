import { base64url } from '../../crypto/base64url.js'
import { ES256 } from '../../crypto/signing-key.js'
import { subtle, utf8 } from '../../crypto/web-crypto.js'

const KID = 'test-key'

/** The key of a test server, made when it is first used, and one that no JWK Set has. */
export function createTestSigner() {
  const pairs = new Map<string, Promise<CryptoKeyPair>>()
  const pairOf = (name: 'own' | 'foreign'): Promise<CryptoKeyPair> => {
    const pair = pairs.get(name) ?? subtle().generateKey(ES256, true, ['sign', 'verify'])
    pairs.set(name, pair)
    return pair
  }
  const encoded = (value: unknown) => base64url(utf8(JSON.stringify(value)))
  return {
    /** The JWK Set (RFC 7517 §5). */
    async keys() {
      const { kty, crv, x, y } = await subtle().exportKey('jwk', (await pairOf('own')).publicKey)
      return { keys: [{ kty, crv, x, y, kid: KID, use: 'sig', alg: 'ES256' }] }
    },
    /** A JWS over these claims (RFC 7515 §3.1). */
    async sign(claims: object, by: 'own' | 'foreign' = 'own', header: object = {}): Promise<string> {
      const input = `${encoded({ alg: 'ES256', kid: KID, typ: 'JWT', ...header })}.${encoded(claims)}`
      const signature = await subtle().sign(ES256, (await pairOf(by)).privateKey, utf8(input))
      return `${input}.${base64url(new Uint8Array(signature))}`
    },
  }
}
