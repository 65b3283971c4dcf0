import type { Defect } from '../audited-server.js'
import { withKeys } from '../bend-answers.js'

export const defect: Defect = {
  // A modulus of 1024 bits.
  bend: withKeys((key) => (key['kty'] === 'RSA' ? { ...key, n: Buffer.alloc(128, 0xc3).toString('base64url') } : key)),
}
