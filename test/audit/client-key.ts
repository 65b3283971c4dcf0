import { generateKeyPairSync, sign } from 'node:crypto'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The private key of the client `assertion`. */
export const key = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'key-of-the-assertions' }

/** What is registered of it. */
export const publicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: 'ES256', use: 'sig' }

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT that the client has signed. */
export function signedByClient(claims: object): string {
  const input = `${encoded({ alg: 'ES256', kid: key.kid })}.${encoded(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
