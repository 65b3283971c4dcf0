import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digest, sha256 } from '../../src/crypto/digest.js'
import { anyText } from '../helpers/any-text.js'

describe('sha256', () => {
  it('makes the challenge of RFC 7636 appendix B out of its verifier', async () => {
    expect(await sha256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    )
  })

  it('gives 43 characters for any text, those of its UTF-8 bytes', async () => {
    await fc.assert(
      fc.asyncProperty(anyText(), async (text) => {
        expect(await sha256(text)).toBe(createHash('sha256').update(text, 'utf8').digest('base64url'))
      }),
    )
  })
})

describe('digest', () => {
  it.each(['SHA-256', 'SHA-384', 'SHA-512'])('gives the bytes of %s', async (algorithm) => {
    const expected = createHash(algorithm.replace('-', '')).update('zürich').digest()
    expect(Buffer.from(await digest(algorithm, 'zürich'))).toEqual(expected)
  })
})
