import type { PrivateJwk, SigningAlgorithm } from '../../src/protocol.js'

/** A key pair for assertions, in every form a user may hold it. */
export interface SigningKey {
  readonly pair: CryptoKeyPair
  readonly jwk: PrivateJwk
  readonly publicJwk: JsonWebKey
  /** PKCS#8. */
  readonly pem: string
}

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
const PARAMETERS: Record<SigningAlgorithm, RsaHashedKeyGenParams | EcKeyGenParams | Algorithm> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', ...rsa },
  RS256: { name: 'RSASSA-PKCS1-v1_5', ...rsa },
  Ed25519: { name: 'Ed25519' },
}

export async function signingKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const pair = (await crypto.subtle.generateKey(PARAMETERS[algorithm], true, ['sign', 'verify'])) as CryptoKeyPair
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('base64')
  const lines = pkcs8.match(/.{1,64}/g)!.join('\n')
  return {
    pair,
    jwk: await crypto.subtle.exportKey('jwk', pair.privateKey),
    publicJwk: await crypto.subtle.exportKey('jwk', pair.publicKey),
    pem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  }
}
