import type { EventBody } from '../events.js'
import type { StoredText } from '../vault/session-store.js'
import type { StoredSession } from './session-record.js'

/** Why a session is over. */
export type SessionEnd = Extract<EventBody, { type: 'session_ended' }>['reason']

interface Known {
  /** Rises with every change, and never falls: what began at one epoch is kept only where it is still that one. */
  readonly epoch: number
  /** The epoch of the last sign-out. */
  readonly signOutEpoch: number
}

/** Nobody is signed in. `ended` says why, where somebody was: it stays in the store, as a tombstone. */
export interface SignedOut extends Known {
  readonly status: 'signed_out'
  readonly ended?: SessionEnd | undefined
}

/** Somebody is signed in. */
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

/** The one way out; a sign-out is possible in every state, any other end only where somebody is signed in. */
export function signedOut(before: SignedIn, ended: SessionEnd): SignedOut
export function signedOut(before: SessionState, ended: 'signed_out'): SignedOut
export function signedOut({ epoch, signOutEpoch }: SessionState, ended: SessionEnd): SignedOut {
  const next = epoch + 1
  return { status: 'signed_out', epoch: next, signOutEpoch: ended === 'signed_out' ? next : signOutEpoch, ended }
}

/** The session, where there is one. */
export const sessionOf = (state: SessionState): StoredSession | undefined =>
  state.status === 'signed_in' ? state.session : undefined

declare const begun: unique symbol

/**
 * Something that takes time: a sign-in from its callback on, a sign-in without the person, a refresh. Only the session
 * machine makes one, and only with one can a result be kept.
 */
export interface Work {
  readonly epoch: number
  /** How often somebody had signed out in this page. */
  readonly signOuts: number
  /** What there was when it began. */
  readonly session: StoredSession | undefined
  readonly [begun]: true
}

export const begin = (state: SessionState, signOuts: number): Work =>
  ({ epoch: state.epoch, signOuts, session: sessionOf(state) }) as Work

/**
 * Whether the result of work may be kept. A person who signs in has the last word, unless somebody signed out since they
 * came back; work that nobody sees has it only where nothing has changed since it began.
 */
export const mayKeep = ({ epoch }: Work, now: SessionState, by: 'person' | 'page'): boolean =>
  by === 'person' ? now.signOutEpoch <= epoch : now.epoch === epoch

const VERSION = 2

/** The state as a store keeps it. */
export function toText(state: SessionState): StoredText {
  const { epoch, ...rest } = state
  return { epoch, text: JSON.stringify({ version: VERSION, ...rest }) }
}

/** What a store gives back. Of another version, or unreadable: as if nobody were signed in. */
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
