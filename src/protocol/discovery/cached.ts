import { MAX_LOAD_PAUSE_SECONDS, withinTime } from '../../limits.js'

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
 * the stale value is used for a limited time. Failed loads back off, up to 60 seconds; without a value the first retry is made
 * at once. Times are of a monotonic clock: setting the system clock changes nothing.
 * @param load calls `aged` if its value is older than this load
 */
export function createCache<T extends object>(
  load: (aged: (seconds: number) => void) => Promise<T>,
  { lifetimeSeconds, staleSeconds, onFailure }: CacheOptions,
) {
  let value: T | undefined
  let loadedAt = 0
  let failures = 0
  /** The last load, and when the next one may start; undefined while it is in progress. */
  let loading: Promise<T> | undefined
  let retryAt: number | undefined = 0
  const now = () => performance.now() / 1000
  const youngerThan = (seconds: number) => (now() - loadedAt < seconds ? value : undefined)
  const stale = () => youngerThan(lifetimeSeconds + staleSeconds)

  async function attempt(): Promise<T> {
    let startedAt = now()
    try {
      value = await load((seconds) => {
        startedAt -= seconds
      })
      loadedAt = startedAt
      failures = retryAt = 0
      return value
    } catch (error) {
      retryAt = failures++ || stale() ? now() + Math.min(2 ** failures, MAX_LOAD_PAUSE_SECONDS) : 0
      onFailure?.(error, !!stale())
      throw error
    }
  }

  /** Loads now, or joins the load in progress. */
  function reload(): Promise<T> {
    if (loading && retryAt === undefined) return loading
    retryAt = undefined
    loading = attempt()
    return loading
  }

  return {
    reload,

    /** The value: fresh, or newly loaded, or stale. @throws the error of the last load, if there is no value */
    async get(): Promise<T> {
      const fresh = youngerThan(lifetimeSeconds)
      if (fresh) return fresh
      const usable = stale()
      const latest = loading && now() < (retryAt ?? 0) ? loading : reload()
      return usable ? withinTime(latest, PATIENCE_MS, () => undefined).catch(() => usable) : latest
    },
  }
}
