import { pageVault } from '../vault/page-memory.js'
import { cancelled, type Undo, waitForCallback } from './callback-wait.js'
import type { UserAgent } from './user-agent.js'

/** The functions that the native side of the app provides; `capacitor({ App, Browser })` makes them for Capacitor. */
export interface DeepLinkAdapter {
  /** Opens a URL in the system browser or in an in-app browser tab, never in a WebView of the app (RFC 8252 §8.12). */
  open(url: string): unknown
  /** Calls `listener` with each URL that the system passes to the app. Returns a function that removes the listener. */
  onUrl(listener: (url: string) => void): Undo | Promise<Undo>
  /** Calls `listener` when the user closes the in-app browser tab. Returns a function that removes the listener. */
  onClose?: ((listener: () => void) => Undo | Promise<Undo>) | undefined
  /** Closes the in-app browser tab. Called when the wait for the callback ends. */
  close?: (() => unknown) | undefined
}

/** Options of {@link deepLink}. */
export interface DeepLinkOptions extends DeepLinkAdapter {
  /** How long to wait for the callback. Default 600. */
  readonly timeoutSeconds?: number | undefined
}

const TICK_MS = 500

/**
 * For apps that bundle their pages (Capacitor, Cordova, Tauri, Electron): the user signs in with the system browser and
 * returns by a link that only this app opens (RFC 8252 §7.1, §7.2). `signIn` resolves with the result. If the system ends
 * the app meanwhile, the sign-in stays in the sealed vault: pass the launch URL to `handleCallback({ url })`.
 *
 * `signIn` rejects with `cancelled` (only with `onClose`), `timeout`, and the errors of `open` and `onUrl`.
 * @example
 * ```ts
 * import { App } from '@capacitor/app'
 * import { Browser } from '@capacitor/browser'
 * import { createClient } from 'proofkey'
 * import { capacitor, deepLink } from 'proofkey/native'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'com.example.app:/callback',
 *   userAgent: deepLink(capacitor({ App, Browser })),
 * })
 * ```
 */
export function deepLink({ open, onUrl, onClose, close, timeoutSeconds = 600 }: DeepLinkOptions): UserAgent {
  let openedTabs = 0
  return {
    name: 'deep link',
    memory: pageVault(),
    async open(attempt) {
      const { url } = await attempt.begin()
      const callback = await waitForCallback(attempt, timeoutSeconds, async ({ receive, fail, onEnd }) => {
        onEnd(await onUrl((url) => attempt.isCallback(url) && receive(url)))
        let closed = false
        let ticks = 0
        // Some systems report a closed tab before they pass its URL on, and some report one when another app merely
        // covers it. So the tab counts as closed when this app has been visible for a while and no URL has arrived.
        const timer = setInterval(() => {
          ticks = closed && !globalThis.document?.hidden ? ticks + 1 : 0
          if (ticks > 2) fail(cancelled())
        }, TICK_MS)
        onEnd(() => clearInterval(timer))
        const onClosed = () => {
          closed = true
        }
        onEnd(await onClose?.(onClosed))
        await open(url.href)
        // All sign-ins share one tab: do not close it when a later sign-in has opened its page there.
        const own = ++openedTabs
        onEnd(() => own === openedTabs && close?.())
      })
      await attempt.complete(callback)
    },
  }
}
