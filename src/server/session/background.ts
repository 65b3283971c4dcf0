import { reportUncaught } from '../../events.js'

/** Hands work to the host, and returns it. */
export type Background = <T>(work: Promise<T>) => Promise<T>

/** @returns a function that hands the host work which may take longer than the response; the host sees no error of it */
export function createBackground(waitUntil: ((work: Promise<unknown>) => void) | undefined): Background {
  return (work) => {
    try {
      waitUntil?.(work.catch(() => {}))
    } catch (error) {
      // The work goes on as without a host that waits.
      reportUncaught(error)
    }
    return work
  }
}
