import { expect, it } from 'vitest'
import { memorySessions } from '../../src/vault/session-store.js'
import { describeSessionStore } from '../contracts/session-store.js'
import { textIn, writeText } from '../helpers/session-app.js'
import { ADA } from '../helpers/tickets.js'

describeSessionStore('memory', memorySessions)

it('says that its tabs do not share it', () => {
  expect(memorySessions().shared).toBe(false)
})

it('shares nothing between two stores, and writes to no storage', async () => {
  const before = await indexedDB.databases()
  await writeText(memorySessions(), ADA, 'text')
  expect(await textIn(memorySessions(), ADA)).toBeUndefined()
  expect(await indexedDB.databases()).toEqual(before)
})
