import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { afterTime, clamp, MAX_TIMER_MS, withinTime } from '../src/limits.js'

/** Keeps the thread busy, as a page does while it renders a long list. */
function keepBusy(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Work whose response arrives as an event, after several turns, as one of IndexedDB does. */
async function inTurns(turns: number): Promise<string> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  return 'done'
}

describe('work in a page that was busy for longer than the limit', () => {
  it('is not late, although its timer comes before its response', async () => {
    const outcome = withinTime(inTurns(20), 400, () => new Error('late'))
    keepBusy(500)
    expect(await outcome).toBe('done')
  })

  it('would be late by one timer', async () => {
    const late = new Promise((resolve) => setTimeout(resolve, 400, 'late'))
    const outcome = Promise.race([inTurns(20), late])
    keepBusy(500)
    expect(await outcome).toBe('late')
  })
})

describe('with a clock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it.each([2000, 4])('work that never responds is given up after %i ms, and not before', async (milliseconds) => {
    let outcome: unknown
    withinTime(new Promise(() => {}), milliseconds, () => 'late').catch((reason) => {
      outcome = reason
    })
    await vi.advanceTimersByTimeAsync(milliseconds - 1)
    expect(outcome).toBe(undefined)
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toBe('late')
  })

  it('a time that timers cannot measure does not end at once', () => {
    const over = vi.fn()
    afterTime(MAX_TIMER_MS * 8, over)
    vi.advanceTimersByTime(MAX_TIMER_MS)
    expect(over).not.toHaveBeenCalled()
  })

  it.each([0, 600, 1999])('leaves no timer if it is stopped after %i ms', (milliseconds) => {
    const over = vi.fn()
    const stop = afterTime(2000, over)
    vi.advanceTimersByTime(milliseconds)
    stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(5000)
    expect(over).not.toHaveBeenCalled()
  })
})

describe('a value between two bounds', () => {
  it.each([
    [1, 1],
    [5, 5],
    [60, 60],
    [0, 1],
    [-5, 1],
    [61, 60],
    [Number.POSITIVE_INFINITY, 60],
    [Number.NaN, 1],
  ])('%d is %d', (value, bounded) => expect(clamp(value, { min: 1, max: 60 })).toBe(bounded))

  it('may be 0', () => expect(clamp(0, { min: 0, max: 60 })).toBe(0))
})

describe('the outcome of the work', () => {
  it('is passed on, good or bad, and leaves no timer', async () => {
    vi.useFakeTimers()
    expect(await withinTime(Promise.resolve('done'), 2000, () => 'late')).toBe('done')
    await expect(withinTime(Promise.reject(new Error('broken')), 2000, () => 'late')).rejects.toThrow('broken')
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
