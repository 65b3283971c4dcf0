import type { Journey } from './contract.js'

const RECEIVED = 'received'
const PATIENCE_MS = 500

/**
 * A line between the page that waits and the page at the redirect URI. By `BroadcastChannel`, which reaches this origin
 * only, also where a `Cross-Origin-Opener-Policy` has cut the windows apart; it is named by the `state`: who does not
 * know that does not even hear that there is an answer. And by `postMessage` to this origin, for storage that is
 * partitioned (RFC 9700 §4.17).
 */
function openLine(state: string | null, other: Window, heard: (data: string) => unknown) {
  const channel = new BroadcastChannel(`proofkey ${state}`)
  const hear = (event: MessageEvent) => {
    if (event.origin === origin && (event.source ?? other) === other) heard(event.data)
  }
  channel.onmessage = hear
  addEventListener('message', hear)
  return {
    say(data: string) {
      channel.postMessage(data)
      if (other !== window) other.postMessage(data, origin)
    },
    end() {
      channel.close()
      removeEventListener('message', hear)
    },
  }
}

/**
 * For the page at the redirect URI, as the first thing it does: hands the callback URL to the page that opened this
 * window or frame, and closes the window. Resolves with false where nobody waits for it (after half a second): go on
 * with `handleCallback()`. The URL is out of the address bar meanwhile.
 */
export async function relayCallback(): Promise<boolean> {
  const { href, pathname } = location
  const state = /[?#&]state=([\w-]+)/.exec(href)?.[1]
  if (!state) return false
  const show = (url: string) => {
    try {
      history.replaceState(history.state, '', url)
    } catch {
      // Browsers ration these calls; a sign-in does not fail for that.
    }
  }
  show(origin + pathname)
  const received = await new Promise<boolean>((resolve) => {
    const over = (value: boolean) => {
      clearTimeout(timer)
      line.end()
      resolve(value)
    }
    const timer = setTimeout(over, PATIENCE_MS, false)
    const line = openLine(state, opener ?? parent, (data) => data === RECEIVED && over(true))
    line.say(href)
  })
  if (received) close()
  else show(href)
  return received
}

/** The other end: waits for the page at the redirect URI in `from`. @returns its undo */
export function hearCallback({ isAnswer }: Journey, url: URL, from: Window, answer: (url: string) => void): () => void {
  const line = openLine(url.searchParams.get('state'), from, (data) => {
    if (!isAnswer(data)) return
    line.say(RECEIVED)
    answer(data)
  })
  return line.end
}
