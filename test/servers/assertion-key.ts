import type { PrivateJwk } from '../../src/protocol.js'

/** A new key for `private_key_jwt`. @returns the client's half, and the half that is registered */
export async function assertionKey() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const common = { kid: 'k1', alg: 'ES256', use: 'sig' }
  const [jwk, publicJwk] = await Promise.all(
    [pair.privateKey, pair.publicKey].map((key) => crypto.subtle.exportKey('jwk', key)),
  )
  const { kty = '', crv = '', x = '', y = '' } = publicJwk ?? {}
  return { jwk: { ...jwk, ...common } as PrivateJwk, publicJwk: { kty, crv, x, y, ...common } }
}
