import { afterEach, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/crypto/digest.js'
import { seal, sealRecord } from '../../src/crypto/seal.js'
import { ticketId } from '../../src/crypto/ticket.js'
import { subtle, utf8 } from '../../src/crypto/web-crypto.js'
import { ADA, ticketFor } from '../helpers/tickets.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

it('finds WebCrypto where there is one', () => {
  expect(subtle()).toBe(crypto.subtle)
})

it('writes text as UTF-8', () => {
  expect([...utf8('é€')]).toEqual([0xc3, 0xa9, 0xe2, 0x82, 0xac])
})

it.each([
  ['an insecure page, where only subtle is missing', { getRandomValues: crypto.getRandomValues.bind(crypto) }],
  ['an engine without any of it', undefined],
])('refuses in %s', async (_, found) => {
  const ticket = ticketFor(ADA)
  const { key } = await sealRecord('id', ticket, 'text')
  vi.stubGlobal('crypto', found)
  const refusal = {
    name: 'ProofkeyError [insecure_context]',
    code: 'insecure_context',
    message: expect.stringContaining('WebCrypto'),
    hint: expect.stringContaining('https'),
  }
  expect(subtle).toThrow(expect.objectContaining(refusal))
  await expect(sha256('text')).rejects.toMatchObject(refusal)
  await expect(ticketId(ticket)).rejects.toMatchObject(refusal)
  await expect(sealRecord('id', ticket, 'text')).rejects.toMatchObject(refusal)
  if (found) await expect(seal(key, 'id', ticket, 'text')).rejects.toMatchObject(refusal)
})
