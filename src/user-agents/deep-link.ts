import { answerOf, cancelled, type Undo } from './answer.js'
import type { UserAgent } from './user-agent.js'

/** What a wrapper lends its pages; `capacitor({ App, Browser })` makes it for Capacitor. */
export interface Links {
  /** Opens a URL in the system's browser, or in an in-app browser tab; never in a WebView of the app (RFC 8252 §8.12). */
  open(url: string): unknown
  /** Calls back with each URL that the system hands to the app, until undone. */
  onUrl(listener: (url: string) => void): Undo | Promise<Undo>
  /** Calls back when the person closes the in-app browser tab, until undone. */
  onClose?: ((listener: () => void) => Undo | Promise<Undo>) | undefined
  /** Closes the in-app browser tab; called when the waiting is over. */
  close?: (() => unknown) | undefined
}

export interface DeepLinkOptions extends Links {
  /** How long to wait for the person. Default 600. */
  readonly timeoutSeconds?: number | undefined
}

const TICK_MS = 500

/**
 * For apps that bundle their pages: the person signs in in the system's browser, and comes back by a link that only this
 * app opens (RFC 8252 §7.1, §7.2); `signIn` resolves with the result. Where the app ended meanwhile, pass the URL that
 * it is launched with to `handleCallback({ url })`: the sign-in waits in the sealed vault.
 *
 * Fails with `cancelled` (where `onClose` is given), `timeout`, and what `open` and `onUrl` fail with.
 */
export function deepLink({ open, onUrl, onClose, close, timeoutSeconds = 600 }: DeepLinkOptions): UserAgent {
  let shown = 0
  return {
    name: 'deep link',
    keepsPage: true,
    async open(attempt) {
      const { url } = await attempt.begin()
      const answer = await answerOf(attempt, timeoutSeconds, async ({ answer, fail, atEnd }) => {
        atEnd(await onUrl((url) => attempt.isCallback(url) && answer(url)))
        let closed = false
        let ticks = 0
        // Some systems tell of a closed tab before they hand its URL over, and some of one that another app only covers:
        // it was closed where the person is back in this app, and no URL came with them.
        const timer = setInterval(() => {
          ticks = closed && !globalThis.document?.hidden ? ticks + 1 : 0
          if (ticks > 2) fail(cancelled())
        }, TICK_MS)
        atEnd(() => clearInterval(timer))
        const onClosed = () => {
          closed = true
        }
        atEnd(await onClose?.(onClosed))
        await open(url.href)
        // There is one tab, and another sign-in may be in it: one that came later, or before this one could be opened.
        const own = ++shown
        atEnd(() => own === shown && close?.())
      })
      await attempt.complete(answer)
    },
  }
}
