import { afterTime } from '../limits.js'

/** Some systems suspend a tab that has the lock; other tabs then take it over. */
const STEAL_AFTER_MS = 45_000

/**
 * Runs one task at a time in all tabs, by a Web Lock; without a lock if the browser does not offer or allow it. A lock that
 * another tab keeps for 45 seconds is taken over, so the task must write by compare and set.
 */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  let running: Promise<T> | undefined
  const run = () => (running ??= work())
  const request = (options: LockOptions) => globalThis.navigator?.locks?.request(`proofkey ${name}`, options, run)
  const patience = new AbortController()
  const stop = afterTime(STEAL_AFTER_MS, () => patience.abort())
  try {
    await request({ signal: patience.signal })
  } catch {
    // Refused, or waited for too long; a work that failed, or was robbed of the lock, has its own outcome.
    if (!running && patience.signal.aborted) await Promise.resolve(request({ steal: true })).catch(() => {})
  } finally {
    stop()
  }
  return running ?? work()
}
