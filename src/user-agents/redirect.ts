import { ProofkeyError } from '../errors.js'
import type { UserAgent } from './contract.js'

export interface RedirectOptions {
  /** Leaves the page. Default `location.assign`; `location.replace` keeps this page out of the history. */
  readonly navigate?: ((url: string) => void) | undefined
}

/** Leaves the page for the server; the sign-in ends where `redirectUri` is loaded and `handleCallback()` called. */
export function redirect({ navigate = (url) => location.assign(url) }: RedirectOptions = {}): UserAgent {
  return {
    name: 'redirect',
    async open(url, { redirectUri }) {
      const { origin } = new URL(redirectUri)
      const here = globalThis.location?.origin
      if (origin !== here) {
        throw new ProofkeyError(
          'redirect_uri_mismatch',
          `redirectUri is on ${origin}, this page on ${here}: what is sealed here could not be opened there.`,
          'Open the app on the origin of its redirectUri; localhost and 127.0.0.1 are two.',
        )
      }
      navigate(url.href)
      return new Promise((resolve) => {
        // The Back button may bring this very page back to life, with the promise still waiting.
        addEventListener('pageshow', function returned({ persisted }) {
          if (!persisted) return
          removeEventListener('pageshow', returned)
          resolve(undefined)
        })
      })
    },
  }
}
