import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../../src/protocol/discovery/cached.js'

const away = new Error('away')
const load = vi.fn(async () => ({ version: load.mock.calls.length }))
const onFailure = vi.fn()
const create = () => createCache(load, { lifetimeSeconds: 60, staleSeconds: 600, onFailure })
const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)
const WEEK_MS = 604_800_000

beforeEach(() => {
  load.mockReset().mockImplementation(async () => ({ version: load.mock.calls.length }))
  onFailure.mockReset()
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('what is cached', () => {
  it('is loaded once for twenty callers, and again when its time is over', async () => {
    const { get } = create()
    await Promise.all(Array.from({ length: 20 }, get))
    pass(59)
    expect(await get()).toEqual({ version: 1 })
    pass(1)
    expect(await get()).toEqual({ version: 2 })
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('can be had at the second try, at once', async () => {
    const { get } = create()
    load.mockRejectedValueOnce(away)
    await expect(get()).rejects.toBe(away)
    expect(onFailure.mock.calls).toEqual([[away, false]])
    await expect(get()).resolves.toEqual({ version: 2 })
  })

  it('needs nobody who listens to failures', async () => {
    const { get } = createCache(load, { lifetimeSeconds: 60, staleSeconds: 600 })
    load.mockRejectedValueOnce(away)
    await expect(get()).rejects.toBe(away)
  })

  it('is as old as the load says', async () => {
    const { get } = createCache(
      async (aged) => {
        if (load.mock.calls.length === 0) aged(50)
        return load()
      },
      { lifetimeSeconds: 60, staleSeconds: 600 },
    )
    await get()
    pass(9)
    expect(await get()).toEqual({ version: 1 })
    pass(1)
    expect(await get()).toEqual({ version: 2 })
    pass(59)
    expect(await get()).toEqual({ version: 2 })
  })

  it('outlasts failed loads for a bounded time, with a report of each', async () => {
    const { get } = create()
    await get()
    load.mockRejectedValue(away)
    for (let second = 0; second < 659; second++) {
      expect(await get()).toEqual({ version: 1 })
      pass(1)
    }
    expect(onFailure.mock.calls.every(([error, stale]) => error === away && stale)).toBe(true)
    pass(1)
    await expect(get()).rejects.toBe(away)
    load.mockImplementation(async () => ({ version: 9 }))
    pass(60)
    expect(await get()).toEqual({ version: 9 })
  })

  it('asks less and less often while loads fail, whether there is a stale value or none', async () => {
    for (const stale of [true, false]) {
      const { get } = create()
      load.mockReset()
      if (stale) {
        load.mockResolvedValueOnce({ version: 1 })
        await get()
        pass(60)
      }
      load.mockClear().mockRejectedValue(away)
      for (let second = 0; second < 300; second++) {
        for (let caller = 0; caller < 50; caller++) await get().catch(() => {})
        pass(1)
      }
      // 0, 2, 6, 14, 30, 62 seconds and then each minute.
      expect(load.mock.calls.length).toBeGreaterThanOrEqual(8)
      expect(load.mock.calls.length).toBeLessThanOrEqual(12)
    }
  })

  it('is given out stale where the load hangs, and new when it is done', async () => {
    const { get } = create()
    await get()
    pass(60)
    let finish = (_: { version: number }) => {}
    load.mockReturnValueOnce(new Promise((resolve) => (finish = resolve)))
    const first = get()
    pass(1)
    expect(await first).toEqual({ version: 1 })
    finish({ version: 7 })
    await null
    await null
    expect(await get()).toEqual({ version: 7 })
    expect(load).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['back', -WEEK_MS],
    ['forward', WEEK_MS],
  ])('does not depend on a system clock that is set %s a week', async (_, change) => {
    const { get } = create()
    await get()
    const { now } = Date
    vi.spyOn(Date, 'now').mockImplementation(() => now() + change)
    // Set forward, it is not dropped.
    pass(59)
    expect(await get()).toEqual({ version: 1 })
    // Set back, it is not kept.
    pass(1)
    expect(await get()).toEqual({ version: 2 })
  })
})
