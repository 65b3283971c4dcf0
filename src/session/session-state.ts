import type { EventBody } from '../events.js'
import type { StoredText } from '../vault/session-store.js'
import type { StoredSession } from './session-record.js'

/** Why a session has ended. */
export type SessionEnd = Extract<EventBody, { type: 'session_ended' }>['reason']

interface Known {
  /** Rises with every change and never falls: work that began at one epoch is kept only if the epoch is still the same. */
  readonly epoch: number
  /** The epoch of the last sign-out. */
  readonly signOutEpoch: number
}

/** No user is signed in. `ended` says why the last session ended; it remains in the store, as a tombstone. */
export interface SignedOut extends Known {
  readonly status: 'signed_out'
  readonly ended?: SessionEnd | undefined
}

/** A user is signed in. */
export interface SignedIn extends Known {
  readonly status: 'signed_in'
  readonly session: StoredSession
}

export type SessionState = SignedOut | SignedIn

export const NOBODY: SignedOut = { status: 'signed_out', epoch: 0, signOutEpoch: 0 }

/** The one way in. */
export const signedIn = ({ epoch, signOutEpoch }: SessionState, session: StoredSession): SignedIn => ({
  status: 'signed_in',
  epoch: epoch + 1,
  signOutEpoch,
  session,
})

/** The one way out. A sign-out is possible in every state, any other end only if a user is signed in. */
export function signedOut(before: SignedIn, ended: SessionEnd): SignedOut
export function signedOut(before: SessionState, ended: 'signed_out'): SignedOut
export function signedOut({ epoch, signOutEpoch }: SessionState, ended: SessionEnd): SignedOut {
  const next = epoch + 1
  return { status: 'signed_out', epoch: next, signOutEpoch: ended === 'signed_out' ? next : signOutEpoch, ended }
}

/** The session, if there is one. */
export const sessionOf = (state: SessionState): StoredSession | undefined =>
  state.status === 'signed_in' ? state.session : undefined

declare const begun: unique symbol

/**
 * Work that takes time: a sign-in from its callback on, a silent sign-in, a refresh. Only the session machine creates it, and
 * a result can be kept only with it.
 */
export interface Work {
  readonly epoch: number
  /** How many sign-outs there had been in this page. */
  readonly signOuts: number
  /** The session when the work began; undefined also while its end is written. */
  readonly session: StoredSession | undefined
  readonly [begun]: true
}

export const begin = (epoch: number, session: StoredSession | undefined, signOuts: number): Work =>
  ({ epoch, signOuts, session }) as Work

/**
 * Whether the result may be kept. A user's sign-in is kept unless there was a sign-out since its callback; work of the page
 * is kept only if nothing has changed since it began.
 */
export const mayKeep = ({ epoch }: Work, now: SessionState, by: 'user' | 'page'): boolean =>
  by === 'user' ? now.signOutEpoch <= epoch : now.epoch === epoch

const VERSION = 2

/** The state as it is stored. */
export function toText(state: SessionState): StoredText {
  const { epoch, ...rest } = state
  return { epoch, text: JSON.stringify({ version: VERSION, ...rest }) }
}

/** A stored state. Of another version, or unreadable: no user is signed in. */
export function fromText({ epoch, text }: StoredText): SessionState {
  try {
    const { version, ...state } = JSON.parse(text ?? '')
    if (
      version === VERSION &&
      Number.isInteger(state.signOutEpoch) &&
      (state.status !== 'signed_in' || state.session?.id)
    )
      return { ...state, epoch }
  } catch {}
  return { ...NOBODY, epoch }
}
