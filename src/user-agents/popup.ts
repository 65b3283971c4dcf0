import { ProofkeyError } from '../errors.js'
import { answerOf, cancelled } from './answer.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { refuseOtherOrigin } from './origin.js'
import { hearCallback } from './relay.js'
import type { UserAgent } from './user-agent.js'

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

const TICK_MS = 100
/** Sooner, an answer may still be on its way. */
const LEAST_TICKS = 10
/** What has looked closed for longer is cut off, and the person may be in it. */
const MOST_TICKS = 30

/** One at a time: who clicks again is shown the window that is there. */
let current: Window | null | undefined
let giveUp: (() => void) | undefined

/**
 * Shows the server's pages in a window of their own, while this page stays; `signIn` resolves with the grant. Call it in
 * a click, before any `await`, or browsers block the window. The page at the redirect URI calls `relayCallback()`.
 *
 * Fails with `popup_blocked`, `popup_already_open` (it was brought to the front), `cancelled`, `timeout`. Where the
 * server's or this page has a `Cross-Origin-Opener-Policy`, or the person does not come back to this page within three
 * seconds, closing the window may go unnoticed; the next call takes its place, and the earlier one fails with
 * `cancelled`. A window that such a policy has cut off cannot be closed from here: after `timeout` and `aborted` it stays,
 * and the sign-in can still end there.
 */
export function popup({ width = 500, height = 650, timeoutSeconds = 600, ...options }: PopupOptions = {}): UserAgent {
  return {
    name: 'popup',
    keepsPage: true,
    async open(attempt) {
      const { embedded, redirectUri = attempt.redirectUri } = options
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const answer = await answerOf(attempt, timeoutSeconds, async (waiting) => {
        const { fail, atEnd } = waiting
        const opened = openWindow(width, height)
        const closed = () => fail(cancelled())
        giveUp = closed
        atEnd(() => {
          giveUp = undefined
          opened.close()
        })
        const { url, state } = await attempt.begin({ redirectUri })
        if (opened.closed) return closed()
        hearCallback(attempt, state, opened, waiting)
        atEnd(watchForClose(opened, closed))
        opened.location.href = url.href
      })
      await attempt.complete(answer)
    },
  }
}

function openWindow(width: number, height: number): Window {
  if (current && !current.closed) {
    current.focus()
    throw new ProofkeyError('popup_already_open', 'A sign-in is open in its window.', 'Finish it there.')
  }
  const left = screenX + (outerWidth - width) / 2
  const top = screenY + (outerHeight - height) / 2
  current = open('', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`)
  if (!current) {
    throw new ProofkeyError('popup_blocked', 'The browser did not open the window.', 'Call signIn() in a click.')
  }
  // The one before was closed, or is cut off from here for good.
  giveUp?.()
  return current
}

/**
 * A page that cuts itself off from its opener (COOP) looks closed too. But who closes a window comes back to this page,
 * and who goes on in a window that is cut off does not. Where this page seems to have the focus all the time (test
 * drivers pretend so), what was seen at the server counts as closed, what vanished on the way there as cut off.
 */
function watchForClose(opened: Window, closed: () => void): () => void {
  let ticks = 0
  let left = false
  const timer = setInterval(() => {
    const here = document.hasFocus()
    try {
      // Another origin's document cannot be read.
      left ||= !here || !(opened.closed || opened.document)
    } catch {
      left = true
    }
    if (opened.closed && ++ticks >= LEAST_TICKS && ticks < MOST_TICKS && here && left) closed()
  }, TICK_MS)
  return () => clearInterval(timer)
}
