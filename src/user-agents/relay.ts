import { isTicket } from '../crypto/ticket.js'
import { swapUrl } from './address-bar.js'
import type { CallbackWait } from './callback-wait.js'
import type { SignInAttempt } from './user-agent.js'

const RECEIVED = 'proofkey received'
const REFUSED = 'proofkey refused'
const CHECK_INTERVAL_MS = 500

/**
 * A message channel between the page that waits and the page at the redirect URI. It uses `BroadcastChannel`, which works
 * when `Cross-Origin-Opener-Policy` has cut the windows apart; the channel's name contains the `state`, so only pages that
 * know it can listen. It also uses `postMessage`, limited to this origin, for browsers that partition storage and
 * channels (RFC 9700 §4.17), or refuse them to pages that may not store data.
 */
function openChannel(state: string, other: Window, onMessage: (data: string) => unknown) {
  let channel: BroadcastChannel | undefined
  const receive = (event: MessageEvent) => {
    if (event.origin === origin && (event.source ?? other) === other) onMessage(event.data)
  }
  try {
    channel = new BroadcastChannel(`proofkey ${state}`)
    channel.onmessage = receive
  } catch {}
  addEventListener('message', receive)
  return {
    send(data: string) {
      channel?.postMessage(data)
      if (other !== window) other.postMessage(data, origin)
    },
    close() {
      channel?.close()
      removeEventListener('message', receive)
    },
  }
}

/**
 * The page that waits owns this lock as long as it waits. Any script of the origin can list lock names, so the name
 * contains only the first part of the `state`, its time of expiry.
 */
const lockName = (state: string) => `proofkey ${state.slice(0, 13)}`

/** Whether a page waits for this `state`, even if it is too busy to reply. False also if Web Locks are not available. */
async function isAwaited(state: string): Promise<boolean> {
  try {
    const { held = [] } = await navigator.locks.query()
    return held.some(({ name }) => name === lockName(state))
  } catch {
    return false
  }
}

let lastRelay: Promise<boolean> | undefined

/**
 * Call it first in the page at the redirect URI of `popup()` and `frame()`: it passes the callback URL to the page that
 * opened this window or frame, and closes the window.
 *
 * It removes the callback parameters from the address bar while it runs. It resolves with false if no page waits for the
 * callback: after at most half a second, or as soon as the waiting page is gone. Then the URL is restored: call
 * `handleCallback()`, or remove the URL yourself. A second call returns the result of the first.
 * @example
 * ```ts
 * import { relayCallback } from 'proofkey'
 *
 * // At the redirect URI of a popup or frame, before anything else:
 * if (!(await relayCallback())) location.replace('/')
 * ```
 */
export async function relayCallback(): Promise<boolean> {
  const { href } = location
  const [, state = ''] = /[?#&]state=([^&#]*)/.exec(href) ?? []
  // A second call finds the URL without its parameters.
  if (isTicket(state)) lastRelay = relay(href, state)
  return lastRelay ?? false
}

async function relay(href: string, state: string): Promise<boolean> {
  const cleanUrl = origin + location.pathname
  swapUrl(href, cleanUrl)
  const other = opener ?? parent
  // Query the lock before sending: the waiting page releases it when it receives the URL. The lock cannot be seen without
  // Web Locks, or from a window or frame in another storage partition: then send, and wait for a reply.
  const awaited = await isAwaited(state)
  const nobodyWaits = !awaited && other === window && navigator.locks
  const received = !nobodyWaits && (await handOver(href, state, other, awaited))
  if (received) close()
  else swapUrl(cleanUrl, href)
  return received
}

/** Sends the callback URL. @returns whether the waiting page accepted it */
function handOver(href: string, state: string, other: Window, awaited: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let ended = false
    const end = (received: boolean) => {
      ended = true
      clearTimeout(timer)
      channel.close()
      resolve(received)
    }
    const check = async (wasAwaited: boolean) => {
      const awaited = await isAwaited(state)
      if (ended) return
      // Wait once more after the lock was released: the reply may be on its way.
      if (awaited || wasAwaited) timer = setTimeout(check, CHECK_INTERVAL_MS, awaited)
      else end(false)
    }
    let timer = setTimeout(check, CHECK_INTERVAL_MS, awaited)
    const channel = openChannel(state, other, (data) => {
      if (data === RECEIVED || data === REFUSED) end(data === RECEIVED)
    })
    channel.send(href)
  })
}

/** In the page that waits: listens for the callback URL from the window or frame `from`. */
export function listenForCallback(
  { isCallback }: SignInAttempt,
  state: string,
  from: Window,
  { receive, onEnd }: CallbackWait,
): void {
  const channel = openChannel(state, from, (data) => {
    if (isCallback(data)) {
      channel.send(RECEIVED)
      receive(data)
    }
    // This `state`, but another redirect URI: the page there reports the mismatch.
    else if (typeof data === 'string' && data.includes(state)) channel.send(REFUSED)
  })
  onEnd(channel.close)
  const untilEnd = () => new Promise<void>((resolve) => onEnd(resolve))
  navigator.locks?.request(lockName(state), untilEnd).catch(() => {})
}
