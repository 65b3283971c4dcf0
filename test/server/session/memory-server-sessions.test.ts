import { afterEach, expect, it, vi } from 'vitest'
import { memoryServerSessions } from '../../../src/server.js'
import { describeServerSessionStore, LIFETIME, sessionText } from '../../contracts/server-session-store.js'
import { refusal } from '../../helpers/refusal.js'
import { ADA } from '../../helpers/tickets.js'

describeServerSessionStore('memory', () => memoryServerSessions(), { central: true, another: (store) => store })

afterEach(() => {
  vi.useRealTimers()
})

it('keeps the sessions that were written last', async () => {
  const store = memoryServerSessions({ maxSessions: 2 })
  const records = [await store.create(LIFETIME), await store.create(LIFETIME), await store.create(LIFETIME)]
  for (const record of records) await record.replace(ADA, 0, sessionText(1))
  const texts = await Promise.all(records.map((record) => record.read(ADA)))
  expect(texts.map(({ epoch }) => epoch)).toEqual([0, 1, 1])
})

it.each([
  ['the idle limit and what is not stored of it', 600_000 * 1.2 + 60_000],
  ['the absolute limit', 3_600_000],
])('forgets a session after %s', async (_, keptMs) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const idleMs = keptMs === 3_600_000 ? Number.POSITIVE_INFINITY : LIFETIME.idleMs
  const record = await memoryServerSessions().create({ ...LIFETIME, idleMs })
  await record.replace(ADA, 0, sessionText(1))
  vi.setSystemTime(Date.now() + keptMs - 1)
  expect((await record.read(ADA)).epoch).toBe(1)
  vi.setSystemTime(Date.now() + 1)
  expect((await record.read(ADA)).epoch).toBe(0)
})

it.each([0, -1, Number.NaN])('refuses maxSessions: %d', async (maxSessions) => {
  await refusal(() => memoryServerSessions({ maxSessions }), 'config_invalid')
})
