import { MAX_LOAD_PAUSE_SECONDS } from '../../limits.js'

export interface CacheOptions {
  readonly lifetimeSeconds: number
  /** How long after its lifetime a value is used while it cannot be loaded anew. */
  readonly staleSeconds: number
  /** Hears of each failed load; `stale` tells that an earlier value goes on in use. */
  readonly onFailure?: ((error: unknown, stale: boolean) => void) | undefined
}

/** How long a caller waits for a newer value where there is a stale one. */
const PATIENCE_MS = 1000

/**
 * Keeps what was loaded. Any number of callers share one load. After the lifetime it is loaded anew; where that fails or
 * takes long, the stale value goes on in use for a bounded time. Failed loads back off: the first retry is made at once
 * where there is nothing to go on with, later ones after 2, 4, … 60 seconds. Times are of a monotonic clock: setting the
 * system's clock changes nothing.
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
    /** Seconds since the last load was begun. */
    get sinceAttempt(): number {
      return loading ? Number.POSITIVE_INFINITY : now() - attemptedAt
    },

    /** Loads now, or joins the load that is under way. */
    reload(): Promise<T> {
      loading ??= attempt().finally(() => {
        loading = undefined
      })
      return loading
    },

    /** The value: fresh, or newly loaded, or stale. @throws what the load failed with, where there is none */
    async get(): Promise<T> {
      if (value && now() - loadedAt < lifetimeSeconds) return value
      const held = stale()
      if (!loading && now() < retryAt) {
        if (held) return held
        throw failure
      }
      if (!held) return cache.reload()
      let timer: ReturnType<typeof setTimeout> | undefined
      const enough = new Promise<T>((resolve) => {
        timer = setTimeout(resolve, PATIENCE_MS, held)
      })
      return Promise.race([cache.reload().catch(() => held), enough]).finally(() => clearTimeout(timer))
    },
  }
  return cache
}
