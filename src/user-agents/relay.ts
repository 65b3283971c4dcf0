import type { CallbackWait } from './answer.js'
import type { SignInAttempt } from './user-agent.js'

const RECEIVED = 'proofkey received'
const REFUSED = 'proofkey refused'
const PATIENCE_MS = 500

/**
 * A line between the page that waits and the page at the redirect URI. By `BroadcastChannel`, which reaches this origin
 * only, also where a `Cross-Origin-Opener-Policy` has cut the windows apart; it is named by the `state`: who does not
 * know that does not even hear that there is an answer. And by `postMessage` to this origin, for storage that is
 * partitioned (RFC 9700 §4.17).
 */
function openLine(state: string, other: Window, heard: (data: string) => unknown) {
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

/** StoredSession by the page that waits, while it waits. Locks can be listed: of the `state`, only its time of expiry is in the name. */
const lockName = (state: string) => `proofkey ${state.slice(0, 13)}`

/** Whether a page is there that waits, however long it takes to hear. False also where Web Locks are missing or refused. */
async function isAwaited(state: string): Promise<boolean> {
  try {
    const { held = [] } = await navigator.locks.query()
    return held.some(({ name }) => name === lockName(state))
  } catch {
    return false
  }
}

let last: Promise<boolean> | undefined

/**
 * For the page at the redirect URI, as the first thing it does: hands the callback URL to the page that opened this
 * window or frame, and closes the window. Resolves with false where nobody waits for it (after half a second at most, or
 * when who waited is gone): go on with `handleCallback()`, or take the URL out of the address bar, where it is back by
 * then; it is out of it meanwhile. Called again, it gives the same result again.
 */
export async function relayCallback(): Promise<boolean> {
  const { href } = location
  const state = /[?#&]state=([\w-]+)/.exec(href)?.[1]
  // Whoever calls second finds a URL without.
  if (state) last = relay(href, state)
  return last ?? false
}

async function relay(href: string, state: string): Promise<boolean> {
  const show = (url: string) => {
    try {
      history.replaceState(history.state, '', url)
    } catch {
      // Browsers ration these calls; a sign-in does not fail for that.
    }
  }
  show(origin + location.pathname)
  const other = opener ?? parent
  // Before anything is said, for that lets the lock go. Without Web Locks, and for a window or frame that may be from
  // another partition's page, only time can tell.
  const awaited = await isAwaited(state)
  const hopeless = !awaited && other === window && navigator.locks
  const received = !hopeless && (await handOver(href, state, other, awaited))
  if (received) close()
  else show(href)
  return received
}

function handOver(href: string, state: string, other: Window, awaited: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let over = false
    const end = (value: boolean) => {
      over = true
      clearTimeout(timer)
      line.end()
      resolve(value)
    }
    const look = async (patient: boolean) => {
      const awaited = await isAwaited(state)
      if (over) return
      // Once more after it was let go: the receipt may be on its way.
      if (awaited || patient) timer = setTimeout(look, PATIENCE_MS, awaited)
      else end(false)
    }
    let timer = setTimeout(look, PATIENCE_MS, awaited)
    const line = openLine(state, other, (data) => {
      if (data === RECEIVED || data === REFUSED) end(data === RECEIVED)
    })
    line.say(href)
  })
}

/** The other end: waits for the page at the redirect URI in `from`. */
export function hearCallback(
  { isCallback }: SignInAttempt,
  state: string,
  from: Window,
  { answer, atEnd }: CallbackWait,
): void {
  const line = openLine(state, from, (data) => {
    if (isCallback(data)) {
      line.say(RECEIVED)
      answer(data)
    }
    // What landed elsewhere is for its own page to report.
    else if (typeof data === 'string' && data.includes(state)) line.say(REFUSED)
  })
  atEnd(line.end)
  const over = () => new Promise<void>((resolve) => atEnd(resolve))
  navigator.locks?.request(lockName(state), over).catch(() => {})
}
