import { aborted } from '../errors.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { refuseOtherOrigin } from './origin.js'
import type { UserAgent } from './user-agent.js'

export interface RedirectOptions extends EmbeddedOptions {
  /** Leaves the page. Default `location.assign`; `location.replace` keeps this page out of the history. */
  readonly navigate?: ((url: string) => void) | undefined
}

/** Leaves the page for the server; the sign-in ends where `redirectUri` is loaded and `handleCallback()` called. */
export function redirect({ navigate = (url) => location.assign(url), embedded }: RedirectOptions = {}): UserAgent {
  return {
    name: 'redirect',
    async open({ redirectUri, signal, begin }) {
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const { url } = await begin()
      navigate(url.href)
      const over = new AbortController()
      try {
        await new Promise<void>((resolve, reject) => {
          // The Back button may bring this very page back to life, with the promise still waiting.
          addEventListener('pageshow', ({ persisted }) => persisted && resolve(), over)
          // The person may have chosen to stay.
          signal?.addEventListener('abort', () => reject(aborted(signal.reason)), over)
        })
      } finally {
        over.abort()
      }
    },
  }
}
