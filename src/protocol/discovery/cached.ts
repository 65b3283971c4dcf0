import { MAX_LOAD_PAUSE_SECONDS } from '../../limits.js'

export interface CacheOptions {
  readonly lifetimeSeconds: number
  /** How long after its lifetime a value is used if it cannot be reloaded. */
  readonly staleSeconds: number
  /** Called after each failed load; `stale`: an earlier value remains in use. */
  readonly onFailure?: ((error: unknown, stale: boolean) => void) | undefined
}

/** How long a caller waits for a newer value if there is a stale one. */
const PATIENCE_MS = 1000

/**
 * Caches a loaded value. Concurrent callers share one load. After the lifetime it is reloaded; if that fails or takes long,
 * the stale value is used for a limited time. Failed loads back off: without a value the first retry is made at once, later
 * ones after 2, 4, … 60 seconds. Times are of a monotonic clock: setting the system clock changes nothing.
 */
export function createCache<T extends object>(
  load: () => Promise<T>,
  { lifetimeSeconds, staleSeconds, onFailure }: CacheOptions,
) {
  let value: T | undefined
  let failure: unknown
  let loading: Promise<T> | undefined
  let failures = 0
  let loadedAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let retryAt = 0
  const now = () => performance.now() / 1000
  const stale = () => (now() - loadedAt < lifetimeSeconds + staleSeconds ? value : undefined)

  async function attempt(): Promise<T> {
    attemptedAt = now()
    try {
      value = await load()
      loadedAt = attemptedAt
      failures = 0
      return value
    } catch (error) {
      failure = error
      const pause = failures++ || stale() ? Math.min(2 ** failures, MAX_LOAD_PAUSE_SECONDS) : 0
      retryAt = now() + pause
      onFailure?.(error, !!stale())
      throw error
    }
  }

  const cache = {
    /** Seconds since the last load started. */
    get sinceAttempt(): number {
      return loading ? Number.POSITIVE_INFINITY : now() - attemptedAt
    },

    /** Loads now, or joins the load in progress. */
    reload(): Promise<T> {
      loading ??= attempt().finally(() => {
        loading = undefined
      })
      return loading
    },

    /** The value: fresh, or newly loaded, or stale. @throws the error of the load, if there is no value */
    async get(): Promise<T> {
      if (value && now() - loadedAt < lifetimeSeconds) return value
      const usable = stale()
      if (!loading && now() < retryAt) {
        if (usable) return usable
        throw failure
      }
      if (!usable) return cache.reload()
      let timer: ReturnType<typeof setTimeout> | undefined
      const enough = new Promise<T>((resolve) => {
        timer = setTimeout(resolve, PATIENCE_MS, usable)
      })
      return Promise.race([cache.reload().catch(() => usable), enough]).finally(() => clearTimeout(timer))
    },
  }
  return cache
}
