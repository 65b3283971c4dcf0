/** How long what is not used again is kept. */
const KEPT_MS = 60_000
const MAX_KEPT = 1000

/** Keeps the values used last, for a minute: at most 1000. What is too old goes when the next one is kept. */
export function createRecent<T>() {
  const kept = new Map<string, { readonly value: T; readonly usedAt: number }>()

  function keep(key: string, value: T): void {
    const usedAt = performance.now()
    // The one used last comes last.
    kept.delete(key)
    kept.set(key, { value, usedAt })
    for (const [other, { usedAt: before }] of kept) {
      if (kept.size <= MAX_KEPT && usedAt - before < KEPT_MS) break
      kept.delete(other)
    }
  }

  return {
    keep,
    get(key: string): T | undefined {
      const found = kept.get(key)
      if (found) keep(key, found.value)
      return found?.value
    },
  }
}
