import { codeOf, isProofkeyError, ProofkeyError } from '../../errors.js'
import { createEmitter, type EventBody, type ProofkeyEvent } from '../../events.js'
import { keepAwake } from '../../session/keep-awake.js'
import { type Session, userOf } from '../../session/session-record.js'
import type { SessionEnd } from '../../session/session-state.js'
import { joinTabs, type Tabs } from '../../session/tabs.js'
import { currentUrl } from '../../user-agents/address-bar.js'
import { askSession, type FoundSession } from './ask-session.js'
import { createBackendFetch } from './backend-fetch.js'
import type { BackendSessionClient, BackendSessionClientConfig } from './backend-session-config.js'
import { leavePage } from './leave-page.js'

/** What tabs tell each other: that a sign-out starts, or which session the backend has told. Never who. */
type Message = { readonly ended: string } | { readonly session: string }

/** The backend is not asked again so soon only because the page is shown, nor when it is about to end the session. */
const PAUSE_MS = 5000
const DAY_MS = 86_400_000

/**
 * Creates the client of a page whose session is on the server (`createServerSessionClient`): a backend for frontend. Create it
 * once. It needs no `window` before it is used, so it can be created during server-side rendering.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createBackendSessionClient } from 'proofkey'
 *
 * const auth = createBackendSessionClient({ backend: '/auth' })
 * await auth.start()
 * if (auth.session) await auth.fetch('/api/orders')
 * else document.querySelector('#sign-in')?.addEventListener('click', () => auth.signIn({ returnTo: '/orders' }))
 * ```
 */
export function createBackendSessionClient(config: BackendSessionClientConfig): BackendSessionClient {
  const { backend } = config
  if (!/^(?:\/[\w.~-]+)+$/.test(backend))
    throw new ProofkeyError(
      'config_invalid',
      `backend: ${backend} is not a path of this origin, such as /auth.`,
      'Correct it.',
    )
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  let current: FoundSession | undefined
  let isKnown = false
  /** Rises when this page learns of a change: what was asked before is not believed any more. */
  let changes = 0
  let running: Promise<void> | undefined
  let askedAtMs = 0
  /** The page was shown again, but too soon to ask: it asks later. */
  let isOwed = false
  let tabs: Tabs<Message> | undefined
  let listening: AbortController | undefined
  let leftAtMs = 0
  const leave = leavePage(config)
  let issuer = ''

  const report = (event: EventBody) => emit({ atMs: Date.now(), issuer, clientId: undefined, ...event })
  const isOver = () => !!current && current.endsAtMs <= Date.now()

  function adopt(found: FoundSession | undefined, isHeard: boolean) {
    const before = current
    const type = isKnown ? 'session_changed' : 'session_restored'
    if (!found) end(isOver() ? 'expired' : 'elsewhere')
    else if (found.text === before?.text) current = { ...found, session: before.session }
    else {
      // Before the events: listeners read the session.
      current = found
      issuer = found.session.claims?.iss ?? ''
      if (before && userOf(before.session.claims) !== userOf(found.session.claims))
        report({ type: 'session_ended', reason: 'replaced' })
      report({ type })
    }
    // What was heard is not told again: tabs that are told different things would never come to rest.
    if (!isHeard && (!isKnown || before?.name !== found?.name)) tabs?.tell({ session: found?.name ?? '' })
    isKnown = true
    askedAtMs = Date.now()
  }

  function end(reason: SessionEnd) {
    const before = current
    current = undefined
    if (before) report({ type: 'session_ended', reason })
  }

  /** Nothing that is under way can bring the session back, nor a question before the backend has ended it too. */
  function endNow(reason: SessionEnd) {
    changes++
    running = undefined
    askedAtMs = Date.now()
    end(reason)
  }

  /** @param isNews what is under way may be out of date, so it does not do */
  function ask({ isNews = false, isHeard = false } = {}): Promise<void> {
    if (isNews) {
      changes++
      running = undefined
    }
    if (!running) {
      const asking = askOnce(changes, isHeard).finally(() => {
        if (running === asking) running = undefined
      })
      running = asking
    }
    return running
  }

  async function askOnce(begun: number, isHeard: boolean): Promise<void> {
    try {
      const found = await askSession(config)
      if (begun === changes) return adopt(found, isHeard)
    } catch (error) {
      if (begun === changes) {
        report({ type: 'session_check_failed', code: codeOf(error) })
        throw error
      }
    }
    return running
  }

  /** The backend has said when the session ends: where it cannot be asked, that is what is known. */
  const askOrEnd = (reason?: SessionEnd) =>
    ask({ isNews: !!reason }).catch((error) => {
      const over = isOver() ? 'expired' : reason
      if (!over) throw error
      end(over)
    })

  const awake = keepAwake(
    {
      get endsAtMs() {
        // In a page that is never left, a later end is beyond the longest timer.
        return current ? Math.min(current.endsAtMs, Date.now() + DAY_MS) : Infinity
      },
      async sync() {
        isOwed = !isOver() && Math.abs(Date.now() - askedAtMs) < PAUSE_MS
        if (!isOwed) await askOrEnd()
      },
    },
    {
      get dueAtMs() {
        return isOwed ? askedAtMs + PAUSE_MS : Infinity
      },
      refreshIfDue: async () => {},
    },
    subscribe,
  )

  function listen() {
    if (listening) return
    listening = new AbortController()
    tabs = joinTabs<Message>(`of ${backend}`, (message) => {
      if ('ended' in Object(message)) endNow('elsewhere')
      else if (!isKnown || Object(message).session !== (current?.name ?? ''))
        ask({ isNews: true, isHeard: true }).catch(() => {})
    })
    // From the back/forward cache: it has heard nothing meanwhile.
    const back = ({ persisted }: PageTransitionEvent) => persisted && ask({ isNews: true }).catch(() => {})
    addEventListener('pageshow', back, { signal: listening.signal })
    awake.start()
  }

  async function restore(): Promise<Session | undefined> {
    // A server renders the page as for a visitor.
    if (!currentUrl()) return undefined
    listen()
    await ask()
    return current?.session
  }

  return {
    get session() {
      return current?.session
    },
    get endsAtMs() {
      return current?.endsAtMs
    },
    async start() {
      try {
        return { type: 'loaded', session: await restore() }
      } catch (error) {
        if (!isProofkeyError(error)) throw error
        return { type: 'failed', error }
      }
    },
    restore,
    signIn: leave.toSignIn,
    async signOut({ returnTo } = {}) {
      listen()
      endNow('signed_out')
      tabs?.tell({ ended: '' })
      // The backend has the session no more: a second form would arrive without it, and lose what the first one has begun.
      if (Math.abs(Date.now() - leftAtMs) < PAUSE_MS) return
      leftAtMs = Date.now()
      report({ type: 'sign_out_started', endpoint: `${location.origin}${backend}/sign-out` })
      leave.toSignOut(returnTo)
    },
    fetch: createBackendFetch({
      ...config,
      found: () => current,
      // A request that was under way while another tab signed in is refused too: so the backend is asked.
      refused: async () => void (current && (await askOrEnd('elsewhere'))),
      signIn: leave.toSignIn,
    }),
    subscribe,
    close() {
      awake.stop()
      listening?.abort()
      listening = undefined
      tabs?.close()
      tabs = undefined
    },
  }
}
