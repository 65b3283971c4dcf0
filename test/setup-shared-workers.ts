import { afterAll, vi } from 'vitest'

// Files share their workers: what one has replaced and not put back ends with it.
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})
