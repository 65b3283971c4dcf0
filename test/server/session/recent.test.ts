import { afterEach, expect, it, vi } from 'vitest'
import { createRecent } from '../../../src/server/session/recent.js'

afterEach(() => void vi.useRealTimers())

it('keeps the thousand values used last', () => {
  const recent = createRecent<number>()
  for (let key = 0; key < 1000; key++) recent.keep(`${key}`, key)
  expect(recent.get('0')).toBe(0)
  recent.keep('another', -1)
  expect(recent.get('0')).toBe(0)
  expect(recent.get('1')).toBeUndefined()
  expect(recent.get('2')).toBe(2)
})

it('lets go of what was not used for a minute', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const recent = createRecent<number>()
  recent.keep('old', 1)
  recent.keep('used', 2)
  vi.advanceTimersByTime(40_000)
  expect(recent.get('used')).toBe(2)
  vi.advanceTimersByTime(40_000)
  recent.keep('new', 3)
  expect(recent.get('old')).toBeUndefined()
  expect(recent.get('used')).toBe(2)
})
