import { setImmediate } from 'node:timers/promises'
import { vi } from 'vitest'
import type { startRedis } from './redis.js'
import { until } from './until.js'

/** Runs work while a Redis leaves connections open and answers nothing. Timeouts pass at once. */
export async function whileFrozen<T>(
  redis: Awaited<ReturnType<typeof startRedis>>,
  work: () => Promise<T>,
): Promise<T> {
  redis.freeze()
  await until(redis.isFrozen)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  try {
    let isSettled = false
    const done = work().finally(() => {
      isSettled = true
    })
    done.catch(() => {})
    while (!isSettled) {
      await setImmediate()
      await vi.advanceTimersByTimeAsync(1000)
    }
    return await done
  } finally {
    vi.useRealTimers()
    redis.thaw()
  }
}
