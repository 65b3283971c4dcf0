import { type AuditCheck, fail, notApplicable, pass } from '../../check.js'
import { fapi2, rfc } from '../../sources.js'
import { nameOf, publishedKeys } from './jwks.js'

const LEAST_BITS = 2048

export const jwksRsaKeySize: AuditCheck = {
  id: 'jwks-rsa-key-size',
  title: 'RSA keys have 2048 bits or more',
  severity: 'medium',
  sources: [rfc(7518, '3.3'), rfc(8725, '3.5'), fapi2('5.4.1')],
  sets: ['rfc9700', 'fapi2'],
  needs: { metadata: ['jwks_uri'] },
  sends: 'A request for the published keys.',
  why: 'Shorter keys can be broken with enough computers. Whoever breaks one signs tokens in the server’s name.',
  repair: 'Replace the key by one of 2048 bits or more, or by an elliptic-curve key.',
  async run(context) {
    const keys = await publishedKeys(context)
    const sizes = keys.flatMap((key, index) =>
      key['kty'] === 'RSA' && typeof key['n'] === 'string'
        ? [{ name: nameOf(key, index), bits: bitsOf(key['n']) }]
        : [],
    )
    if (!sizes.length) return notApplicable('No RSA key is published.')
    const short = sizes.filter(({ bits }) => bits < LEAST_BITS)
    return short.length
      ? fail(`${short.map(({ name, bits }) => `${name} has ${bits} bits`).join('; ')}.`)
      : pass(`The shortest has ${Math.min(...sizes.map(({ bits }) => bits))} bits.`)
  },
}

function bitsOf(modulus: string): number {
  const hex = Buffer.from(modulus, 'base64url').toString('hex').replace(/^0+/, '')
  return hex ? BigInt(`0x${hex}`).toString(2).length : 0
}
