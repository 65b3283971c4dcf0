import { aborted } from '../errors.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { refuseOtherOrigin } from './origin.js'
import type { UserAgent } from './user-agent.js'

/** Options of {@link redirect}. */
export interface RedirectOptions extends EmbeddedOptions {
  /** Navigates to the server. Default `location.assign`; `location.replace` keeps this page out of the history. */
  readonly navigate?: ((url: string) => void) | undefined
}

/**
 * Navigates this page to the server. The page at `redirectUri` completes the sign-in with `handleCallback()`.
 * @example
 * ```ts
 * import { createClient, redirect } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   userAgent: redirect(), // the default
 * })
 * ```
 */
export function redirect({ navigate = (url) => location.assign(url), embedded }: RedirectOptions = {}): UserAgent {
  return {
    name: 'redirect',
    async open({ redirectUri, signal, begin }) {
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const { url } = await begin()
      navigate(url.href)
      const listeners = new AbortController()
      await new Promise<void>((resolve, reject) => {
        // The Back button can restore this page from the back/forward cache, with this promise still pending.
        addEventListener('pageshow', ({ persisted }) => persisted && resolve(), listeners)
        // The page is still here if a `beforeunload` dialog let the user stay.
        signal?.addEventListener('abort', () => reject(aborted(signal.reason)), listeners)
      }).finally(() => listeners.abort())
    },
  }
}
