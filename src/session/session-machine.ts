import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { inTurn, type SessionStore, type StoredText } from '../vault/session-store.js'
import type { StoredSession } from './session-record.js'
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
import { joinTabs, type Tabs } from './tabs.js'

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
  /** Without a refresh token a session can go on by a silent sign-in. */
  readonly canRenewSilently: boolean
  readonly report: (event: EventBody) => void
  /** The thumbprint of the key at hand, where the client has one. */
  readonly keyThumbprint: () => Promise<string | undefined>
  /** Gives up what a session had: revokes its tokens, forgets what was handed out. Never fails. */
  readonly dispose: (sessions: readonly StoredSession[]) => Promise<void>
}

export type SessionMachine = ReturnType<typeof createSessionMachine>

/** As often as another tab is faster. */
const MAX_CONFLICTS = 50
/** A storage may refuse once. */
const MAX_WRITES = 3

/**
 * One session: its state in this page and in the store, its limits, and its one exit. See `docs/session.md`.
 * @throws `config_invalid`
 */
export function createSessionMachine(parts: MachineParts) {
  const { clientKey, store, limits, canRenewSilently, report, keyThumbprint, dispose } = parts
  const { idleSeconds = Number.POSITIVE_INFINITY, absoluteSeconds = Number.POSITIVE_INFINITY } = limits
  if (![idleSeconds, absoluteSeconds].every((value) => typeof value === 'number' && value > 0))
    throw configInvalid(['idleSeconds, absoluteSeconds: positive numbers'])

  const activity = `${clientKey} active`
  const oneByOne = inTurn()
  let state: SessionState = NOBODY
  /** The store's epoch when this page last read or wrote it: another one means that another tab was there. */
  let seenEpoch: number | undefined
  /** Sign-outs in this page: what began before one is not kept. */
  let signOuts = 0
  /** The session that this page knew last, for a sign-out that comes after the end. */
  let last: StoredSession | undefined
  /** Sessions that have ended here, and sign-outs under way: nothing of them is shown again while the store is told. */
  const ended = new Set<string>()
  let leaving = 0
  /** The end of a session that has lost its key. */
  let losing: Promise<unknown> | undefined
  let tabs: Tabs | undefined
  let activeAtMs = 0
  let sharedAtMs = 0

  const notStored = (error: unknown) => report({ type: 'session_not_stored', code: codeOf(error) })

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
      ['expired', typeof session_expiry === 'number' ? session_expiry * 1000 : Number.POSITIVE_INFINITY],
      ['expired', (!refresh && !canRenewSilently && session.expiresAtMs) || Number.POSITIVE_INFINITY],
    ]
  }
  const over = (): SessionEnd | undefined => ends().find(([, atMs]) => atMs <= Date.now())?.[0]

  /** Takes over a state that another tab, or this page before its reload, has left in the store. */
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

  /** Reads the store. @returns undefined where it fails: then what this page knows goes on */
  async function read(): Promise<StoredText | undefined> {
    const there = await store.read(clientKey).catch(() => undefined)
    if (!there || there.epoch === seenEpoch) return there
    const epoch = Math.max(there.epoch, state.epoch)
    const next = { ...fromText(there), epoch }
    const session = sessionOf(next)
    // A key that cannot be looked at now may be there later.
    const jkt = session && (await keyThumbprint().catch(() => session.jkt))
    if (session && session.jkt !== jkt && !ended.has(session.id)) {
      ended.add(session.id)
      report({ type: 'session_ended', reason: 'key_lost' })
      losing = machine.end('key_lost', session.id)
    }
    // What this page has kept while the store did not answer is newer than what the store had before.
    if (seenEpoch === undefined && state.epoch) state = { ...state, epoch }
    else adopt(next)
    seenEpoch = there.epoch
    return there
  }

  /** Writes over what was read. @returns false where another tab was faster, undefined where the store fails */
  async function write(there: StoredText, next: SessionState): Promise<boolean | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        const written = await store.replace(clientKey, there.epoch, toText(next))
        if (written) seenEpoch = next.epoch
        return written
      } catch (error) {
        if (tries === MAX_WRITES) return void notStored(error)
      }
    }
  }

  /**
   * The one way to change the state: reads, decides, writes where nobody wrote in between, and again where somebody did.
   * @returns the state that was replaced, or undefined where `decide` left it; and whether the store has the new one
   */
  const change = (decide: (now: SessionState) => SessionState | undefined) =>
    oneByOne(clientKey, async () => {
      for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
        const there = await read()
        const before = state
        const next = decide(before)
        if (!next) return undefined
        const written = there && (await write(there, next))
        if (written === false) continue
        state = next
        last = sessionOf(next) ?? last
        return { before, stored: written === true }
      }
      return undefined
    })

  async function readActivity(): Promise<void> {
    if (idleSeconds === Number.POSITIVE_INFINITY) return
    const noted = await store.read(activity).catch(() => undefined)
    const atMs = Number(noted?.text)
    // What is still to come was noted by a clock that was wrong.
    if (atMs <= Date.now()) activeAtMs = Math.max(activeAtMs, atMs)
  }

  /** Notes when the session was last used; undefined where there is none. Another tab's note is as good. */
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

    /** The session that this page knew last, whether it has ended or not. */
    get last(): StoredSession | undefined {
      return last
    },

    /** When it ends by itself; milliseconds since the epoch, `Infinity` where it does not. */
    get endsAtMs(): number {
      return Math.min(...ends().map(([, atMs]) => atMs))
    },

    /** Who signed out, or left the session unused for too long, is not signed in again without being asked. */
    get staysSignedOut(): boolean {
      return state.status === 'signed_out' && (state.ended === 'signed_out' || state.ended === 'idle')
    },

    exclusive: <T>(work: () => Promise<T>): Promise<T> => store.exclusive(clientKey, work),

    /** Something that takes time begins: what comes of it can be kept as long as nothing else has happened. */
    async begin(): Promise<Work> {
      const seen = signOuts
      await machine.sync()
      return begin(state, seen)
    },

    /**
     * Keeps the result of work, stored first where the store allows.
     * @param by a person who signed in, or the page by itself
     * @param next from the session that is there by then; undefined where that is not one to go on with
     * @returns false where the session has ended meanwhile, or another one has taken its place: the result is to be
     * disposed of
     */
    async keep(
      work: Work,
      by: 'person' | 'page',
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
      const replaced = before && now && before.session.claims?.sub !== now.session.claims?.sub
      if (replaced) report({ type: 'session_ended', reason: 'replaced' })
      report(event)
      tabs?.tell('changed')
      if (replaced) dispose([before])
      return true
    },

    /**
     * The one exit. Ends the session here at once, in the store and the other tabs as soon as may be, and disposes of it.
     * @param id the session that ends; a sign-out ends whatever is there, also a newer one that this page has not seen
     * @returns false where the store could not be told
     */
    async end(reason: SessionEnd, id = shown()?.id): Promise<boolean> {
      const signOut = reason === 'signed_out'
      if (!signOut && !id) return true
      const here = shown()
      if (here && (signOut || here.id === id)) report({ type: 'session_ended', reason })
      if (id) ended.add(id)
      if (reason === 'elsewhere') return true
      if (signOut) {
        signOuts++
        leaving++
      }
      const done = await change((now) => {
        if (signOut) return signedOut(now, reason)
        return now.status === 'signed_in' && now.session.id === id ? signedOut(now, reason) : undefined
      }).finally(() => {
        if (signOut) leaving--
      })
      // Where another tab was first, it has disposed of the session. Tokens of this page that the store never had are ours.
      const gone = [done && sessionOf(done.before), done && here?.id === id ? here : undefined]
      if (done && (signOut || store.shared)) tabs?.tell({ ended: id ?? '' })
      if (done && activeAtMs) await noteActivity(undefined)
      const disposal = dispose([...new Set(gone)].filter((session) => session !== undefined))
      // Only a sign-out waits for the server: it may leave the page next.
      if (signOut) await disposal
      return !done || done.stored
    },

    /** The session is in use: all tabs hear of it now and then. */
    touch() {
      machine.join()
      activeAtMs = Date.now()
      if (Math.abs(activeAtMs - sharedAtMs) < idleSeconds * 100) return
      sharedAtMs = activeAtMs
      tabs?.tell('active')
      noteActivity(`${activeAtMs}`)
    },

    /** Takes over what the store has, and ends what is over. */
    async sync(): Promise<StoredSession | undefined> {
      await readActivity()
      await oneByOne(clientKey, read)
      await losing
      const reason = over()
      if (reason) await machine.end(reason)
      return shown()
    },

    /** From now on hears the other tabs. */
    join() {
      tabs ??= joinTabs(clientKey, (message) => {
        if (message === 'active') activeAtMs = Date.now()
        else if (message === 'changed') void (store.shared && machine.sync())
        else if (typeof message?.ended !== 'string') return
        else if (store.shared) {
          // The store tells more, but may not answer.
          if (message.ended) machine.end('elsewhere', message.ended)
          machine.sync()
        } else {
          signOuts++
          machine.end('elsewhere')
        }
      })
    },

    leave() {
      tabs?.close()
      tabs = undefined
    },
  }
  return machine
}
