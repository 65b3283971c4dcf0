import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { PublicJwk } from '../../src/protocol.js'

export const SIGNING_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
] as const

const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

export interface Signer {
  readonly alg: string
  /** As a JWK Set has it. */
  readonly jwk: PublicJwk
  /** As a server that signs with it has it. */
  readonly privateJwk: JsonWebKey
  /** A JWS over these claims, or over this text; `header` is added to `alg` and `kid`. */
  sign(payload: object | string, header?: object): string
  /** The signature over a text, as a JWS ends with it. */
  signInput(input: string): string
}

/** Signs by Node's own crypto, which is not what verifies. */
export function createSigner(alg: string, kid = 'k', modulusLength = 2048): Signer {
  const { publicKey, privateKey } = keyPair(alg, modulusLength)
  const signInput = (input: string) => signature(alg, privateKey, input).toString('base64url')
  return {
    alg,
    signInput,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg } as JsonWebKey,
    sign(payload, header = {}) {
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
      const input = [JSON.stringify({ alg, kid, ...header }), text].map((part) =>
        Buffer.from(part).toString('base64url'),
      )
      return `${input.join('.')}.${signInput(input.join('.'))}`
    },
  }
}

function keyPair(alg: string, modulusLength: number): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg.startsWith('Ed')) return generateKeyPairSync('ed25519')
  if (alg.startsWith('ES')) return generateKeyPairSync('ec', { namedCurve: CURVES[alg]! })
  return generateKeyPairSync('rsa', { modulusLength })
}

function signature(alg: string, key: KeyObject, input: string): Buffer {
  const data = Buffer.from(input)
  if (alg.startsWith('Ed')) return sign(null, data, key)
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (alg.startsWith('RS')) return sign(hash, data, key)
  return sign(hash, data, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  })
}
