import { ProofkeyError } from '../errors.js'
import { pageVault } from '../vault/page-memory.js'
import { cancelled, waitForCallback } from './callback-wait.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { notRelayed, watchForCallbackPage } from './not-relayed.js'
import { refuseOtherOrigin } from './origin.js'
import { listenForCallback, relayCallback } from './relay.js'
import type { UserAgent } from './user-agent.js'

/** Options of {@link popup}. */
export interface PopupOptions extends EmbeddedOptions {
  /** In CSS pixels. Default 500. */
  readonly width?: number | undefined
  /** In CSS pixels. Default 650. */
  readonly height?: number | undefined
  /** How long to wait for the callback. Default 600. */
  readonly timeoutSeconds?: number | undefined
  /** A separate callback page, registered at the server, that calls `relayCallback()`. Default: the client's `redirectUri`. */
  readonly redirectUri?: string | undefined
}

const TICK_MS = 100
/** A window that has just closed itself may have sent its callback URL; give the message time to arrive. */
const MIN_TICKS = 10
/** A window that looks closed for longer was cut off by COOP: the user may still be signing in there. */
const MAX_TICKS = 30
/** A callback page that is loaded for longer does not relay. */
const MAX_LOADED_TICKS = 50

/** At most one popup is open: a second call brings it to the front. */
let current: Window | null | undefined
let cancelCurrent: (() => void) | undefined

/**
 * Shows the server's pages in a popup window while this page stays open; `signIn` resolves with the result. Call `signIn`
 * in a click handler before any `await`, or browsers block the popup. The page at the redirect URI must call
 * `start()` or `relayCallback()`.
 *
 * `signIn` rejects with `popup_blocked`, `popup_already_open` (the open popup was brought to the front), `cancelled`,
 * `timeout`, or `callback_not_relayed` if the page at the redirect URI was loaded for five seconds, or for one second until
 * the user closed it, and did not relay.
 *
 * Limits: a closed popup may go unnoticed if the server or this page sends `Cross-Origin-Opener-Policy`, or if the user
 * does not return to this page within three seconds. Then the next call opens a new popup, and the earlier `signIn`
 * rejects with `cancelled`. A popup that COOP has cut off cannot be closed from here: it stays open after `timeout` and
 * `aborted`, and the user can still complete the sign-in in it.
 * @example
 * ```ts
 * import { type Client, popup } from 'proofkey'
 *
 * declare const auth: Client
 * const userAgent = popup({ redirectUri: 'https://app.example.com/popup-callback' })
 * // In the click handler, before any await; otherwise the browser blocks the window.
 * const signIn = () => auth.signIn({ userAgent })
 * ```
 */
export function popup({ width = 500, height = 650, timeoutSeconds = 600, ...options }: PopupOptions = {}): UserAgent {
  return {
    name: 'popup',
    memory: pageVault(),
    relay: relayCallback,
    async open(attempt) {
      const { embedded, redirectUri = attempt.redirectUri } = options
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const callback = await waitForCallback(attempt, timeoutSeconds, async (wait) => {
        const { fail, onEnd } = wait
        const opened = openWindow(width, height)
        const cancel = () => fail(cancelled())
        cancelCurrent = cancel
        onEnd(() => {
          cancelCurrent = undefined
          opened.close()
        })
        const { url, state } = await attempt.begin({ redirectUri })
        if (opened.closed) return cancel()
        listenForCallback(attempt, state, opened, wait)
        onEnd(watch(opened, watchForCallbackPage(opened, attempt), redirectUri, fail))
        opened.location.href = url.href
      })
      await attempt.complete(callback)
    },
  }
}

function openWindow(width: number, height: number): Window {
  if (current && !current.closed) {
    current.focus()
    throw new ProofkeyError(
      'popup_already_open',
      'A sign-in popup is already open; it was brought to the front.',
      'Complete the sign-in there, or close the popup.',
    )
  }
  const left = screenX + (outerWidth - width) / 2
  const top = screenY + (outerHeight - height) / 2
  current = open('', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`)
  if (!current) {
    throw new ProofkeyError(
      'popup_blocked',
      'The browser blocked the popup.',
      'Call signIn() in a click handler, before any await.',
    )
  }
  // The previous popup is closed, or cut off by COOP: nothing more will come from it.
  cancelCurrent?.()
  return current
}

/**
 * Fails when the user has closed the popup, or its callback page does not relay. `closed` alone is not enough: it is also
 * true when COOP has cut the popup off from its opener. A user who closes the popup returns to this page; a user who goes on
 * in it does not. So the popup counts as closed if this page has the focus and the user had left it before: the page lost
 * the focus, or the popup showed another origin (test drivers pretend that every page has the focus).
 */
function watch(
  opened: Window,
  isCallbackPageLoaded: () => boolean,
  redirectUri: string,
  fail: (error: unknown) => void,
): () => void {
  let ticks = 0
  let loadedTicks = 0
  let left = false
  const timer = setInterval(() => {
    const focused = document.hasFocus()
    try {
      // Reading the document of another origin throws.
      left ||= !focused || !(opened.closed || opened.document)
    } catch {
      left = true
    }
    if (!opened.closed && isCallbackPageLoaded()) loadedTicks++
    if (loadedTicks > MAX_LOADED_TICKS) fail(notRelayed(redirectUri))
    if (opened.closed && ++ticks >= MIN_TICKS && ticks < MAX_TICKS && focused && left)
      fail(loadedTicks < MIN_TICKS ? cancelled() : notRelayed(redirectUri))
  }, TICK_MS)
  return () => clearInterval(timer)
}
