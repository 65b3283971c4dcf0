import { expect, it } from 'vitest'
import { memoryVault } from '../../src/vault/memory.js'
import { describeVault } from '../contracts/vault.js'
import { ADA, ticketFor } from '../helpers/tickets.js'

describeVault('memory', () => memoryVault(), { maxRecords: 100 })

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
