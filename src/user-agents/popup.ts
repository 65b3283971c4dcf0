import { ProofkeyError } from '../errors.js'
import { answerOf, cancelled } from './answer.js'
import type { UserAgent } from './contract.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { refuseOtherOrigin } from './origin.js'
import { hearCallback } from './relay.js'

export interface PopupOptions extends EmbeddedOptions {
  /** In CSS pixels. Default 500. */
  readonly width?: number | undefined
  /** In CSS pixels. Default 650. */
  readonly height?: number | undefined
  /** How long to wait for the person. Default 600. */
  readonly timeoutSeconds?: number | undefined
  /** A page of its own for the callback, registered at the server, which calls `relayCallback()`. Default: the client's. */
  readonly redirectUri?: string | undefined
}

const TICK_MS = 500

/**
 * Shows the server's pages in a window of their own, while this page stays; `signIn` resolves with the grant. Call it in
 * a click, before any `await`, or browsers block the window. The page at the redirect URI calls `relayCallback()`.
 *
 * Fails with `popup_blocked`, `popup_already_open` (it was brought to the front), `cancelled`, `timeout`.
 */
export function popup({ width = 500, height = 650, timeoutSeconds = 600, ...options }: PopupOptions = {}): UserAgent {
  let current: { window: Window; giveUp: () => void } | undefined

  function openWindow(): Window {
    if (current && !current.window.closed) {
      current.window.focus()
      throw new ProofkeyError(
        'popup_already_open',
        'A sign-in is under way in its window, which is in front now.',
        'Let it be finished.',
      )
    }
    // Closed, or cut off from here for good: the new one takes its place.
    current?.giveUp()
    const left = Math.max(0, screenX + (outerWidth - width) / 2)
    const top = Math.max(0, screenY + (outerHeight - height) / 2)
    const opened = open('about:blank', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`)
    if (opened) return opened
    throw new ProofkeyError(
      'popup_blocked',
      'The browser did not open the window.',
      'Call signIn() in a click, before any await; or use redirect().',
    )
  }

  return {
    name: 'popup',
    keepsPage: true,
    async open(journey) {
      const { embedded, redirectUri = journey.redirectUri } = options
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const opened = openWindow()
      const own = { window: opened, giveUp: () => {} }
      current = own
      let answer: string
      try {
        const url = await journey.begin({ redirectUri })
        answer = await answerOf(journey, timeoutSeconds, ({ answer, fail, atEnd }) => {
          own.giveUp = () => fail(cancelled())
          atEnd(hearCallback(journey, url, opened, answer))
          atEnd(watchForClose(opened, own.giveUp))
          opened.location.href = url.href
        })
      } finally {
        opened.close()
        if (current === own) current = undefined
      }
      await journey.complete(answer)
    },
  }
}

/**
 * A page that cuts itself off from its opener (COOP) looks closed too. But who closes a window comes back to this page,
 * and who goes on in a window that is cut off does not.
 */
function watchForClose(opened: Window, closed: () => void): () => void {
  let ticks = 0
  const timer = setInterval(() => {
    if (!opened.closed) return
    if (document.hasFocus()) closed()
    if (document.hasFocus() || ++ticks > 3) clearInterval(timer)
  }, TICK_MS)
  return () => clearInterval(timer)
}
