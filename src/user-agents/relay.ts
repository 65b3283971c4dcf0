import type { Journey } from './contract.js'

const RECEIVED = 'proofkey received'
const PATIENCE_MS = 500

/** Named by the `state`: who does not know it does not even hear that there is an answer. */
const channelFor = (state: string | null) => new BroadcastChannel(`proofkey ${state}`)

/**
 * For the page at the redirect URI, as the first thing it does: hands the callback URL to the page that opened this
 * window or frame, and closes the window. Resolves with false where nobody waits for it (after half a second): go on
 * with `handleCallback()`. The URL is out of the address bar meanwhile.
 *
 * By `BroadcastChannel`, which reaches this origin only, also where a `Cross-Origin-Opener-Policy` has cut the windows
 * apart; and by `postMessage` to this origin, for storage that is partitioned (RFC 9700 §4.17).
 */
export async function relayCallback(): Promise<boolean> {
  const { href, pathname, search, hash, origin } = location
  const state = new URLSearchParams(search).get('state') ?? new URLSearchParams(hash.slice(1)).get('state')
  if (!state) return false
  history.replaceState(history.state, '', pathname)
  const channel = channelFor(state)
  const other: Window | null = opener ?? (parent === window ? null : parent)
  let timer: ReturnType<typeof setTimeout> | undefined
  let hear = (_: MessageEvent) => {}
  const received = await new Promise<boolean>((resolve) => {
    hear = ({ data, source, origin: from }) => {
      if (data === RECEIVED && from === origin && (!source || source === other)) resolve(true)
    }
    channel.onmessage = hear
    addEventListener('message', hear)
    timer = setTimeout(() => resolve(false), PATIENCE_MS)
    channel.postMessage(href)
    other?.postMessage(href, origin)
  })
  clearTimeout(timer)
  removeEventListener('message', hear)
  channel.close()
  if (received) close()
  else history.replaceState(history.state, '', href)
  return received
}

/** The other end: waits for the page at the redirect URI in `from`. @returns its undo */
export function hearCallback(
  { isAnswer }: Journey,
  url: URL,
  from: Window | null,
  answer: (url: string) => void,
): () => void {
  const channel = channelFor(url.searchParams.get('state'))
  const hear = ({ data, source, origin }: MessageEvent) => {
    if (typeof data !== 'string' || origin !== location.origin || (source && source !== from) || !isAnswer(data)) return
    channel.postMessage(RECEIVED)
    from?.postMessage(RECEIVED, origin)
    answer(data)
  }
  channel.onmessage = hear
  addEventListener('message', hear)
  return () => {
    channel.close()
    removeEventListener('message', hear)
  }
}
