import { answerOf, cancelled, type Undo } from './answer.js'
import type { UserAgent } from './contract.js'

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

/** Of an in-app browser tab that hands its URL over, some systems say first that it was closed. */
const AFTER_CLOSE_MS = 1000

/**
 * For apps that bundle their pages: the person signs in in the system's browser, and comes back by a link that only this
 * app opens (RFC 8252 §7.1, §7.2); `signIn` resolves with the result. Where the app ended meanwhile, pass the URL that
 * it is launched with to `handleCallback({ url })`: the sign-in waits in the sealed vault.
 *
 * Fails with `cancelled` (where `onClose` is given), `timeout`, and what `open` and `onUrl` fail with.
 */
export function deepLink({ open, onUrl, onClose, close, timeoutSeconds = 600 }: DeepLinkOptions): UserAgent {
  return {
    name: 'deep link',
    keepsPage: true,
    async open(journey) {
      const { href } = await journey.begin()
      const answer = await answerOf(journey, timeoutSeconds, async ({ answer, fail, atEnd }) => {
        atEnd(await onUrl((url) => journey.isAnswer(url) && answer(url)))
        let timer: ReturnType<typeof setTimeout> | undefined
        atEnd(() => clearTimeout(timer))
        const closed = () => {
          timer = setTimeout(() => fail(cancelled()), AFTER_CLOSE_MS)
        }
        atEnd(await onClose?.(closed))
        atEnd(() => close?.())
        await open(href)
      })
      await journey.complete(answer)
    },
  }
}
