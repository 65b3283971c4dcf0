import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createTicket, ticketId } from '../../src/crypto/ticket.js'
import { memoryVault } from '../../src/vault/memory.js'
import { describeVault } from '../contracts/vault.js'
import { refusal } from '../helpers/refusal.js'
import { ADA, taken, ticketFor } from '../helpers/tickets.js'

describeVault('memory', () => memoryVault(), { maxRecords: 100 })
describe('with a limit', () => describeVault('memory', () => memoryVault({ maxRecords: 100 }), { maxRecords: 100 }))

it('without a limit is for a page', () => {
  expect(memoryVault().runsOn).toBe('page')
})

it('needs no room for a sign-in that was taken', async () => {
  const vault = memoryVault({ maxRecords: 2 })
  const [first, second] = [ticketFor(ADA), ticketFor(ADA)]
  await vault.put(first, ADA, 'value')
  await vault.take(first, ADA)
  await vault.put(second, ADA, 'value')
  expect(await vault.take(first, ADA)).toEqual({ status: 'spent' })
  expect(await vault.take(second, ADA)).toEqual(taken('value'))
})

it('shares nothing between two vaults', async () => {
  const ticket = ticketFor(ADA)
  await memoryVault().put(ticket, ADA, 'value')
  expect(await memoryVault().take(ticket, ADA)).toEqual({ status: 'unknown' })
})

it('writes to no storage', async () => {
  const before = await indexedDB.databases()
  await memoryVault().put(ticketFor(ADA), ADA, 'value')
  expect(await indexedDB.databases()).toEqual(before)
})

it.each([Number.NaN, 0, -1])('keeps at least one: not %d', async (maxRecords) => {
  await refusal(() => memoryVault({ maxRecords }), 'config_invalid')
})

it('drops those that expire first, to the second, whatever lifetimes come in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 10, max: 1_000_000 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      async (lifetimes, maxRecords) => {
        const vault = memoryVault({ maxRecords })
        const now = Date.now()
        const secondOf = (ticket: string) => Number(ticket.slice(0, 10))
        let waiting: string[] = []
        for (const seconds of lifetimes) {
          const ticket = createTicket(ADA, now + seconds * 1000)
          const dropped = (await vault.put(ticket, ADA, 'value')) ?? []
          expect(dropped).toHaveLength(waiting.length < maxRecords ? 0 : 1)
          if (dropped[0]) {
            expect(secondOf(dropped[0])).toBe(Math.min(...waiting.map(secondOf)))
            const ids = await Promise.all(waiting.map(ticketId))
            waiting = waiting.filter((_, index) => ids[index] !== dropped[0])
          }
          waiting.push(ticket)
        }
        for (const ticket of waiting) expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
      },
    ),
    { numRuns: 100 },
  )
})

it('looks at no other record when it puts one, however many there are', async () => {
  const looked: number[] = []
  for (const maxRecords of [100, 10_000]) {
    const vault = memoryVault({ maxRecords })
    for (let count = 0; count < maxRecords; count++) await vault.put(ticketFor(ADA), ADA, 'value')
    const counts = [
      vi.spyOn(Array.prototype, 'sort'),
      vi.spyOn(Map.prototype, 'delete'),
      vi.spyOn(String.prototype, 'slice'),
    ]
    for (let count = 0; count < 50; count++) await vault.put(ticketFor(ADA), ADA, 'value')
    looked.push(counts.reduce((sum, { mock }) => sum + mock.calls.length, 0))
    vi.restoreAllMocks()
  }
  // A second of the clock may begin in between, which makes one bucket more.
  expect(Math.abs(looked[1]! - looked[0]!)).toBeLessThan(50)
})
