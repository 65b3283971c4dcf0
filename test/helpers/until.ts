import { vi } from 'vitest'

/** Waits until a condition holds, however busy the machine is: what hangs ends with the test's own timeout. */
export const until = <T>(condition: () => T | Promise<T>) => vi.waitUntil(condition, { timeout: 120_000, interval: 10 })
