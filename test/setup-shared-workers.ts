import { afterAll, vi } from 'vitest'
import { goTo } from './helpers/page.js'

// Files share their workers: what one has replaced and not put back ends with it.
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

// And a page is where every file expects it, not where the one before has gone to.
if ('happyDOM' in globalThis) goTo('http://localhost:3000/')
