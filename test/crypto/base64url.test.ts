import fc from 'fast-check'
import { expect, it } from 'vitest'
import { base64url } from '../../src/crypto/base64url.js'

it('writes the example of RFC 7636 appendix A', () => {
  expect(base64url(Uint8Array.of(3, 236, 255, 224, 193))).toBe('A-z_4ME')
})

it('writes any bytes as Node does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    }),
  )
})
