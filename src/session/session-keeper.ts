import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { SessionStore } from '../vault/session-store.js'
import { parseStoredSession, type StoredSession } from './stored-session.js'
import { joinTabs, type Tabs } from './tabs.js'

/** Why a session is over. */
export type SessionEnd = Extract<EventBody, { type: 'session_ended' }>['reason']

export interface Limits {
  /** The session ends when it was not used for so long. Default: never. */
  readonly idleSeconds?: number | undefined
  /** The session ends so long after the sign-in. Default: never. */
  readonly absoluteSeconds?: number | undefined
}

export type SessionKeeper = ReturnType<typeof createSessionKeeper>

/**
 * Holds one session, in this page and in its store, and knows when it is over.
 * @throws `config_invalid`
 */
export function createSessionKeeper(
  clientKey: string,
  store: SessionStore,
  {
    idleSeconds = Number.POSITIVE_INFINITY,
    absoluteSeconds = Number.POSITIVE_INFINITY,
    silent,
  }: Limits & { readonly silent?: unknown },
  report: (event: EventBody) => void,
  /** The thumbprint of the key at hand, where the client has one. */
  proofKey: () => Promise<string | undefined>,
) {
  if (![idleSeconds, absoluteSeconds].every((value) => typeof value === 'number' && value > 0))
    throw configInvalid(['idleSeconds, absoluteSeconds: positive numbers'])
  const activity = `${clientKey} active`
  let held: StoredSession | undefined
  /** What the store held when it was last seen. */
  let seen: string | undefined
  /** Whether the store was looked at: what was there by then is of before this page. */
  let looked = false
  /** The session that ended last: whatever comes late does not bring it back. */
  let ended: string | undefined
  let tabs: Tabs | undefined
  let activeAtMs = 0
  let sharedAtMs = 0

  /** A store that fails costs nobody the session: it lives on in this page. */
  const stored = <T>(work: Promise<T>) =>
    work.catch((error) => report({ type: 'session_not_stored', code: codeOf(error) }))

  /**
   * Writes where the store holds what it should, or cannot say; no other tab writes in between.
   * @returns whether it was right; undefined where the store failed
   */
  const write = (text: string | undefined, right: (there: string | undefined) => boolean) =>
    stored(
      store.exclusive(`${clientKey} record`, async () => {
        const may = await store.read(clientKey).then(right, () => true)
        if (may) await store.write(clientKey, text)
        return may
      }),
    )

  const idleAtMs = () => activeAtMs + idleSeconds * 1000

  /** When it ends by itself, and why. */
  const ends = (): [SessionEnd, atMs: number][] => {
    if (!held) return []
    const { refreshToken, session } = held
    return [
      ['idle', idleAtMs()],
      ['too_long', session.startedAtMs + absoluteSeconds * 1000],
      ['expired', (!refreshToken && !silent && session.expiresAtMs) || Number.POSITIVE_INFINITY],
    ]
  }
  const over = () => ends().find(([, atMs]) => atMs <= Date.now())?.[0]

  const set = (next: StoredSession | undefined, text: string | undefined, event: EventBody) => {
    held = next
    seen = text
    report(event)
  }

  const keeper = {
    /** What is held, as far as its limits allow. */
    get held(): StoredSession | undefined {
      return over() ? undefined : held
    },

    /** When it ends by itself; milliseconds since the epoch, `Infinity` where it does not. */
    get endsAtMs(): number {
      return Math.min(...ends().map(([, atMs]) => atMs))
    },

    /** Whether the last session, in whichever tab, was last used too long ago. */
    get idle(): boolean {
      return activeAtMs > 0 && idleAtMs() <= Date.now()
    },

    exclusive: <T>(work: () => Promise<T>): Promise<T> => store.exclusive(clientKey, work),

    /** The session is in use: all tabs hear of it now and then. */
    touch() {
      keeper.join()
      activeAtMs = Date.now()
      if (Math.abs(activeAtMs - sharedAtMs) < idleSeconds * 100) return
      sharedAtMs = activeAtMs
      tabs?.tell('active')
      stored(store.write(activity, `${activeAtMs}`))
    },

    /** Takes over what another tab, or this page before its reload, has left in the store; ends what is over. */
    async sync(): Promise<StoredSession | undefined> {
      const before = seen
      const active = await store.read(activity).catch(() => undefined)
      const text = await store.read(clientKey).catch(() => before)
      // What is still to come was noted by a clock that was wrong.
      if (Number(active) <= Date.now()) activeAtMs = Math.max(activeAtMs, Number(active))
      const next = text === before ? undefined : parseStoredSession(text)
      // A key that cannot be looked at now may be there later.
      const jkt = next?.id && (await proofKey().catch(() => next.jkt))
      // What this page has kept or ended while it was reading is newer.
      if (next && seen === before) {
        if (!next.id) keeper.end('elsewhere')
        else if (next.id !== ended) {
          activeAtMs = Math.max(activeAtMs, next.session.startedAtMs)
          if (next.jkt === jkt) set(next, text, { type: looked ? 'session_changed' : 'session_restored' })
          else {
            held = next
            await keeper.end('key_lost')
          }
        }
      }
      looked = true
      const reason = over()
      // Awaited, so that whatever is kept next is not forgotten with it.
      if (reason) await keeper.end(reason)
      return held
    },

    /**
     * Stores, then uses. A sign-in has the last word; newer tokens go only where those are that they came of.
     * @returns false where the session has ended meanwhile, or another one has taken its place
     */
    async keep(next: StoredSession, event: EventBody): Promise<boolean> {
      const text = JSON.stringify(next)
      const before = seen
      const anew = next.id !== held?.id
      const kept = next.id !== ended && (await write(text, (there) => anew || there === before))
      if (next.id === ended || kept === false) return false
      // Where it was not written, the store still holds what it held: older, and not to be taken over again.
      set(next, kept ? text : before, event)
      tabs?.tell('changed')
      return true
    },

    /** Over: here at once, elsewhere as soon as it is heard. Resolves when the store is rid of it. */
    async end(reason: SessionEnd, id = held?.id): Promise<void> {
      if (!id) return
      ended = id
      if (held?.id !== id) return
      set(undefined, undefined, { type: 'session_ended', reason })
      if (reason === 'elsewhere') return
      const own = await write(undefined, (there) => parseStoredSession(there).id === id)
      // When it was used last is kept where that ended it: a new page has to know.
      if (own && reason !== 'idle') await stored(store.write(activity, undefined))
      // Sessions that live in memory have only this in common.
      if (reason === 'signed_out' || store.name !== 'memory') tabs?.tell({ ended: id })
    },

    /** From now on hears the other tabs. */
    join() {
      tabs ??= joinTabs(clientKey, (message) => {
        const own = store.name === 'memory'
        if (message === 'active') activeAtMs = Date.now()
        else if (message !== 'changed') message?.ended && keeper.end('elsewhere', own ? undefined : message.ended)
        else if (!own) keeper.sync()
      })
    },

    leave() {
      tabs?.close()
      tabs = undefined
    },
  }
  return keeper
}
