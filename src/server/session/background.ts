import { reportUncaught } from '../../events.js'

/** Keeps the host alive for a promise: `waitUntil` of Cloudflare Workers and Vercel, `after` of Next.js. */
export type WaitUntil = (work: Promise<unknown>) => void

/** Hands work to the host, and returns it. */
export type Background = <T>(work: Promise<T>) => Promise<T>

/** @returns a function that hands the host work which may take longer than the response; the host sees no error of it */
export function createBackground(waitUntil: WaitUntil | undefined): Background {
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
