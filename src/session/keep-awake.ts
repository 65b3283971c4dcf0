import type { ProofkeyEvent, Subscribe } from '../events.js'
import { MAX_TIMER_MS } from '../limits.js'

/**
 * In a page: ends the session when its limits do, and refreshes tokens before they expire, if the page is seen. A page that
 * slept, was hidden or offline looks around when it is back.
 */
export function keepAwake(
  machine: { readonly endsAtMs: number; sync(): Promise<unknown> },
  tokens: { readonly dueAtMs: number; refreshIfDue(): Promise<void> },
  subscribe: Subscribe<ProofkeyEvent>,
) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let running: AbortController | undefined

  function schedule() {
    clearTimeout(timer)
    if (!running) return
    const due = document.hidden ? Infinity : tokens.dueAtMs
    const delay = Math.min(machine.endsAtMs, due) - Date.now()
    // Never in a hurry, and later each time after a failure: up to a minute.
    if (delay < MAX_TIMER_MS) timer = setTimeout(look, Math.max(delay, 1000 * 2 ** Math.min(failures, 6)))
  }

  async function look() {
    try {
      await machine.sync()
      if (!document.hidden) await tokens.refreshIfDue()
      failures = 0
    } catch {
      // Reported where it failed; tried again, later each time.
      failures++
    }
    schedule()
  }

  async function wake() {
    // WebKit keeps for ever what begins in a database while its page goes away.
    if (document.hidden) return schedule()
    failures = 0
    await look()
  }

  return {
    start() {
      if (!globalThis.document) return
      if (!running) {
        running = new AbortController()
        const { signal } = running
        document.addEventListener('visibilitychange', wake, { signal })
        addEventListener('pageshow', wake, { signal })
        addEventListener('online', wake, { signal })
        // Also one that another tab has brought.
        signal.addEventListener(
          'abort',
          subscribe(({ type }) => type.startsWith('session_') && schedule()),
        )
      }
      schedule()
    },
    stop() {
      running?.abort()
      running = undefined
      clearTimeout(timer)
    },
  }
}
