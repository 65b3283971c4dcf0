import { expect, it } from 'vitest'
import { clientKeyOf } from '../../src/protocol/client-key.js'

it('no two clients, issuers or partitions have one key', () => {
  const keys = [
    clientKeyOf('https://as.example', 'spa'),
    clientKeyOf('https://as.example', 'other'),
    clientKeyOf('https://b.example', 'spa'),
    clientKeyOf('https://as.example', 'spa', ''),
    clientKeyOf('https://as.example', 'spa', 'one'),
    clientKeyOf('https://as.example', 'spa","one'),
  ]
  expect(new Set(keys).size).toBe(keys.length)
  // What is stored under a key is found by later versions too.
  expect(keys[0]).toBe('["https://as.example","spa"]')
  expect(keys[4]).toBe('["https://as.example","spa","one"]')
})
