import { expect, it } from 'vitest'
import { randomToken } from '../../src/crypto/random.js'

it('makes tokens of 43 unreserved characters, 32 bytes, never the same twice', () => {
  const tokens = Array.from({ length: 10_000 }, randomToken)
  expect(new Set(tokens).size).toBe(10_000)
  // RFC 7636 §4.1: a verifier is 43 to 128 of these.
  expect(tokens.filter((token) => !/^[A-Za-z0-9._~-]{43}$/.test(token))).toEqual([])
  expect(Buffer.from(tokens[0] ?? '', 'base64url')).toHaveLength(32)
})

it('draws every bit', () => {
  const ones = new Uint8Array(32)
  const zeros = new Uint8Array(32)
  for (let draw = 0; draw < 200; draw++) {
    Buffer.from(randomToken(), 'base64url').forEach((byte, index) => {
      ones[index]! |= byte
      zeros[index]! |= ~byte
    })
  }
  expect([...ones, ...zeros]).toEqual(Array(64).fill(255))
})
