import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { STORAGE_TIMEOUT_MS } from '../limits.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { inTurn, type SessionStore, type StoredText } from '../vault/session-store.js'
import { type StoredSession, userOf } from './session-record.js'
import {
  begin,
  fromText,
  mayKeep,
  NOBODY,
  type SessionEnd,
  type SessionState,
  sessionOf,
  signedIn,
  signedOut,
  toText,
  type Work,
} from './session-state.js'
import type { joinTabs, Tabs } from './tabs.js'

/** How long a session lasts at most. */
export interface Limits {
  /** The session ends when it was not used for so long. Default: never. */
  readonly idleSeconds?: number | undefined
  /** The session ends so long after the sign-in. Default: never. */
  readonly absoluteSeconds?: number | undefined
}

export interface MachineParts {
  readonly clientKey: string
  readonly store: SessionStore
  readonly limits: Limits
  /** A session without a refresh token can continue by a silent sign-in. */
  readonly canRenewSilently: boolean
  readonly report: (event: EventBody) => void
  /** The thumbprint of the client's key, with DPoP. */
  readonly keyThumbprint: () => Promise<string | undefined>
  /** Revokes the tokens of sessions. Never rejects. */
  readonly dispose: (sessions: readonly StoredSession[]) => Promise<void>
  /** In a browser: the other tabs. A server has none: the sessions of many users are in one process. */
  readonly joinTabs?: typeof joinTabs
}

export type SessionMachine = ReturnType<typeof createSessionMachine>

/** How often another tab may be faster. */
const MAX_CONFLICTS = 50
/** A storage may refuse once. */
const MAX_TRIES = 3

/** Runs work of the store again if it fails; not if it did not answer, which would take as long again. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === MAX_TRIES || performance.now() - startedAt >= STORAGE_TIMEOUT_MS) throw error
    }
  }
}

/**
 * One session: its state in this page and in the store, its limits, and its one exit. See `docs/guide/session.md`.
 * @throws `config_invalid`
 */
export function createSessionMachine(parts: MachineParts) {
  const { clientKey, store, limits, canRenewSilently, report, keyThumbprint, dispose } = parts
  const { idleSeconds = Infinity, absoluteSeconds = Infinity } = limits
  if (![idleSeconds, absoluteSeconds].every((value) => typeof value === 'number' && value > 0))
    throw configInvalid(['idleSeconds, absoluteSeconds: positive numbers'])

  const activity = `${clientKey} active`
  const oneByOne = inTurn()
  let state: SessionState = NOBODY
  /** The store's epoch when this page last read or wrote it. Another one means that another tab has written. */
  let seenEpoch: number | undefined
  /** Sign-outs in this page: work that began before one is not kept. */
  let signOuts = 0
  /** The last session of this page, for a sign-out after its end. */
  let last: StoredSession | undefined
  /** Sessions that have ended, and sign-outs in progress: the session is hidden while the store is written. */
  const ended = new Set<string>()
  let leaving = 0
  /** The end of a session that has lost its key. */
  let losing: Promise<unknown> | undefined
  let tabs: Tabs | undefined
  let activeAtMs = 0
  let sharedAtMs = 0
  /** Why the store could not be read. */
  let readFailure: unknown

  const notStored = (error: unknown): undefined => void report({ type: 'session_not_stored', code: codeOf(error) })

  const shown = (): StoredSession | undefined => {
    const session = sessionOf(state)
    return session && !leaving && !ended.has(session.id) ? session : undefined
  }

  const idleAtMs = () => activeAtMs + idleSeconds * 1000

  /** When the session ends by itself, and why. */
  const ends = (): [SessionEnd, atMs: number][] => {
    const current = shown()
    if (!current) return []
    const { refresh, session } = current
    const { session_expiry } = { ...session.claims } as { session_expiry?: unknown }
    return [
      ['idle', idleAtMs()],
      ['too_long', session.startedAtMs + absoluteSeconds * 1000],
      // IPSIE: the server ends its session then.
      ['expired', typeof session_expiry === 'number' ? session_expiry * 1000 : Infinity],
      ['expired', (!refresh && !canRenewSilently && session.expiresAtMs) || Infinity],
    ]
  }
  const over = (): SessionEnd | undefined => ends().find(([, atMs]) => atMs <= Date.now())?.[0]

  /** Uses a state that another tab, or this page before its reload, has stored. */
  function adopt(next: SessionState) {
    const before = shown()
    const restored = seenEpoch === undefined
    state = next
    const now = shown()
    if (now) {
      last = now
      activeAtMs = Math.max(activeAtMs, Math.min(now.session.startedAtMs, Date.now()))
      report({ type: restored ? 'session_restored' : 'session_changed' })
    } else if (before) report({ type: 'session_ended', reason: 'elsewhere' })
  }

  /** Reads the store. @returns undefined if that fails: then this page continues with its own state */
  async function read(): Promise<StoredText | undefined> {
    const there = await retried(() => store.read(clientKey)).catch((error) => {
      readFailure = error
      return undefined
    })
    if (!there || there.epoch === seenEpoch) return there
    let next = fromText(there)
    // Changes of this page that could not be stored have the same epochs as those of other tabs: count on from both.
    if (seenEpoch !== undefined && there.epoch <= state.epoch) {
      const epoch = state.epoch + 1
      next = { ...next, epoch, signOutEpoch: next.signOutEpoch > seenEpoch ? epoch : next.signOutEpoch }
    }
    const session = sessionOf(next)
    // A key that cannot be looked at now may be there later.
    const jkt = session && (await keyThumbprint().catch(() => session.jkt))
    const lost = session && session.jkt !== jkt && !ended.has(session.id) ? session.id : undefined
    if (lost) ended.add(lost)
    // A state that this page has kept while the store failed is newer than the stored one.
    if (seenEpoch === undefined && state.epoch) state = { ...state, epoch: Math.max(there.epoch, state.epoch) }
    else adopt(next)
    seenEpoch = there.epoch
    if (lost) {
      report({ type: 'session_ended', reason: 'key_lost' })
      losing = machine.end('key_lost', lost)
    }
    return there
  }

  /** Replaces what was read. @returns false if another tab was faster, undefined if the store fails */
  async function write(there: StoredText, next: SessionState): Promise<boolean | undefined> {
    const own = toText(next)
    const written = await retried(async () => {
      if (await store.replace(clientKey, there.epoch, own)) return true
      // A try that failed may have written it.
      const { epoch, text } = await store.read(clientKey)
      return epoch === own.epoch && text === own.text
    }).catch(notStored)
    if (written) seenEpoch = next.epoch
    return written
  }

  /**
   * The one way to change the state: reads, decides, and writes by compare and set; again if another tab wrote in between.
   * @returns the replaced state and whether the new one is stored; undefined if `decide` changed nothing
   */
  const change = (decide: (now: SessionState) => SessionState | undefined) =>
    oneByOne(clientKey, async () => {
      for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
        const there = await read()
        const before = state
        const next = decide(before)
        if (!next) return undefined
        const written = there ? await write(there, next) : notStored(readFailure)
        if (written === false) continue
        state = next
        last = sessionOf(next) ?? last
        return { before, stored: written === true }
      }
      return undefined
    })

  async function readActivity(): Promise<void> {
    if (idleSeconds === Infinity) return
    const noted = await store.read(activity).catch(() => undefined)
    const atMs = Number(noted?.text)
    // A time in the future is from a wrong clock.
    if (!(atMs <= Date.now())) return
    activeAtMs = Math.max(activeAtMs, atMs)
    // What is stored need not be stored again so soon.
    sharedAtMs = Math.max(sharedAtMs, atMs)
  }

  /** Stores when the session was last used. If another tab stores it at the same moment, its time is as good. */
  const noteActivity = (text: string | undefined) =>
    oneByOne(activity, async () => {
      const { epoch } = await store.read(activity)
      await store.replace(activity, epoch, { epoch: epoch + 1, text })
    }).catch(notStored)

  const machine = {
    /** The session, as far as its limits allow. */
    get current(): StoredSession | undefined {
      return over() ? undefined : shown()
    },

    /** The last session of this page, even if it has ended. */
    get last(): StoredSession | undefined {
      return last
    },

    /** When it ends by a limit; milliseconds since the epoch, `Infinity` without one. */
    get endsAtMs(): number {
      return Math.min(...ends().map(([, atMs]) => atMs))
    },

    /** Why no user is signed in; undefined if one is, or if there was no session before. */
    get endedBy(): SessionEnd | undefined {
      return state.status === 'signed_out' ? state.ended : undefined
    },

    /** After a sign-out, or an idle end, there is no silent sign-in: the user has to sign in. */
    get staysSignedOut(): boolean {
      return machine.endedBy === 'signed_out' || machine.endedBy === 'idle'
    },

    exclusive: <T>(work: () => Promise<T>): Promise<T> => store.exclusive(clientKey, work),

    /** Begins work that takes time; see {@link keep}. */
    async begin(): Promise<Work> {
      const seen = signOuts
      const session = await machine.sync()
      return begin(state.epoch, session, seen)
    },

    /**
     * Keeps the result of work: stores it, then uses it.
     * @param by the user, by a sign-in, or the page
     * @param next makes the new session from the current one; undefined to keep nothing
     * @returns false if the session has ended or was replaced meanwhile: the result must be disposed of
     */
    async keep(
      work: Work,
      by: 'user' | 'page',
      next: (before: StoredSession | undefined) => StoredSession | undefined,
      event: EventBody,
    ): Promise<boolean> {
      const done = await change((now) => {
        if (!mayKeep(work, now, by) || work.signOuts !== signOuts) return undefined
        const session = next(sessionOf(now))
        return session && signedIn(now, session)
      })
      if (!done) return false
      const [before, now] = [sessionOf(done.before), sessionOf(state)]
      const replaced = before && now && userOf(before.session.claims) !== userOf(now.session.claims)
      if (replaced) report({ type: 'session_ended', reason: 'replaced' })
      report(event)
      tabs?.tell('changed')
      if (replaced) dispose([before])
      else if (before && before.id !== now?.id) report({ type: 'tokens_not_revoked' })
      return true
    },

    /**
     * The one exit. Ends the session in this page at once, then in the store and in other tabs, and disposes of it.
     * @param id the session that ends; a sign-out ends any session, also a newer one that this page has not seen
     * @param isHeard another tab has signed out; without a shared store, this page has tokens of its own to revoke
     * @returns false if the end could not be stored
     */
    async end(reason: SessionEnd, id = shown()?.id, isHeard = false): Promise<boolean> {
      const signOut = reason === 'signed_out'
      if (!signOut && !id) return true
      const here = shown()
      // Before the event: listeners read the session.
      if (id) ended.add(id)
      if (signOut) {
        signOuts++
        leaving++
        machine.join()
      }
      if (here && (signOut || here.id === id)) report({ type: 'session_ended', reason: isHeard ? 'elsewhere' : reason })
      if (reason === 'elsewhere') return true
      const done = await change((now) => {
        if (signOut) return signedOut(now, reason)
        return now.status === 'signed_in' && now.session.id === id ? signedOut(now, reason) : undefined
      }).finally(() => {
        if (signOut) leaving--
      })
      // If another tab was first, it has disposed of the session. This page may have newer tokens than the store.
      const gone = [done && sessionOf(done.before), done && here?.id === id ? here : undefined]
      if (done && !isHeard && (signOut || store.shared)) tabs?.tell({ ended: id ?? '' })
      if (done && activeAtMs) await noteActivity(undefined)
      const disposal = dispose([...new Set(gone)].filter((session) => session !== undefined))
      // Only a sign-out waits for the server: it may leave the page next.
      if (signOut) await disposal
      return !done || done.stored
    },

    /**
     * The session is in use. Other tabs are told, but not each time.
     * @returns when that is stored
     */
    touch(): Promise<unknown> | undefined {
      machine.join()
      activeAtMs = Date.now()
      if (Math.abs(activeAtMs - sharedAtMs) < idleSeconds * 100) return undefined
      sharedAtMs = activeAtMs
      tabs?.tell('active')
      return noteActivity(`${activeAtMs}`)
    },

    /** Reads the store, and ends the session if a limit is reached. */
    async sync(): Promise<StoredSession | undefined> {
      await Promise.all([readActivity(), oneByOne(clientKey, read)])
      await losing
      const reason = over()
      if (reason) await machine.end(reason)
      return shown()
    },

    /** Listens to other tabs from now on. */
    join() {
      tabs ??= parts.joinTabs?.(clientKey, (message) => {
        if (message === 'active') activeAtMs = Date.now()
        else if (message === 'changed') void (store.shared && machine.sync())
        else if (typeof message?.ended !== 'string') return
        else if (store.shared) {
          // The store has the newest state, but may fail.
          if (message.ended) machine.end('elsewhere', message.ended)
          machine.sync()
        } else machine.end('signed_out', undefined, true)
      })
    },

    leave() {
      tabs?.close()
      tabs = undefined
    },
  }
  return machine
}
