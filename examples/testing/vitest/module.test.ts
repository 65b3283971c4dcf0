import { expect, test, vi } from 'vitest'
import { auth } from '../auth.js'

// In an app of yours: import('proofkey/testing').
vi.mock('../auth.js', async () => {
  const { fakeSession } = await import('../../../src/testing.js')
  return { auth: (await fakeSession({ claims: { sub: 'ada' } })).auth }
})

test('a module that exports the client is replaced by the signed-in one', () => {
  expect(auth.session?.claims?.sub).toBe('ada')
})
