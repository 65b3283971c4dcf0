import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredSession } from '../../src/session/session-record.js'
import {
  begin,
  fromText,
  mayKeep,
  NOBODY,
  type SessionEnd,
  sessionOf,
  signedIn,
  signedOut,
  toText,
} from '../../src/session/session-state.js'

const session = { id: 'one' } as StoredSession

describe('the state of a session', () => {
  it('begins with nobody', () => {
    expect(NOBODY).toEqual({ status: 'signed_out', epoch: 0, signOutEpoch: 0 })
    expect(sessionOf(NOBODY)).toBeUndefined()
  })

  it('changes by a sign-in and by an end, and its epoch rises with each', () => {
    const one = signedIn(NOBODY, session)
    expect(one).toEqual({ status: 'signed_in', epoch: 1, signOutEpoch: 0, session })
    expect(sessionOf(one)).toBe(session)
    const two = signedOut(one, 'idle')
    expect(two).toEqual({ status: 'signed_out', epoch: 2, signOutEpoch: 0, ended: 'idle' })
    expect(sessionOf(two)).toBeUndefined()
    expect(signedOut(two, 'signed_out')).toEqual({
      status: 'signed_out',
      epoch: 3,
      signOutEpoch: 3,
      ended: 'signed_out',
    })
    expect(signedIn(signedOut(two, 'signed_out'), session)).toMatchObject({ epoch: 4, signOutEpoch: 3 })
  })
})

describe('the result of work', () => {
  const states = {
    unchanged: signedIn(NOBODY, session),
    refreshed: signedIn(signedIn(NOBODY, session), session),
    ended: signedOut(signedIn(NOBODY, session), 'refused'),
    'signed out': signedOut(signedIn(NOBODY, session), 'signed_out'),
    'signed out, and in again': signedIn(signedOut(signedIn(NOBODY, session), 'signed_out'), session),
  }
  const work = begin(1, session, 7)

  it('knows what there was when it began', () => {
    expect(work).toEqual({ epoch: 1, session, signOuts: 7 })
  })

  it.each<[keyof typeof states, boolean, boolean]>([
    ['unchanged', true, true],
    ['refreshed', true, false],
    ['ended', true, false],
    ['signed out', false, false],
    ['signed out, and in again', false, false],
  ])('in a session that is %s meanwhile is kept: of the user %s, of the page %s', (name, user, page) => {
    expect([mayKeep(work, states[name], 'user'), mayKeep(work, states[name], 'page')]).toEqual([user, page])
  })

  it('that began at the sign-out itself is kept', () => {
    expect(mayKeep(begin(2, undefined, 0), states['signed out'], 'user')).toBe(true)
  })
})

describe('a state that is stored', () => {
  it('is read as it was', () => {
    const reasons = fc.constantFrom<SessionEnd>('idle', 'signed_out', 'refused', 'key_lost')
    fc.assert(
      fc.property(fc.array(fc.option(reasons)), (steps) => {
        let state = signedIn(NOBODY, session) as Parameters<typeof toText>[0]
        for (const reason of steps) {
          if (!reason) state = signedIn(state, session)
          else if (state.status === 'signed_in') state = signedOut(state, reason)
          else state = signedOut(state, 'signed_out')
        }
        expect(toText(state).epoch).toBe(state.epoch)
        expect(fromText(toText(state))).toEqual(state)
      }),
    )
  })

  const { text = '' } = toText(signedIn(NOBODY, session))
  const changed = (change: object) => JSON.stringify({ ...JSON.parse(text), ...change })

  it.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is no JSON', '{'],
    ['is null', 'null'],
    ['is a text', '"signed_in"'],
    ['is of an earlier version', changed({ version: 1 })],
    ['is of a later version', changed({ version: 3 })],
    ['has no version', changed({ version: undefined })],
    ['does not tell of sign-outs', changed({ signOutEpoch: undefined })],
    ['tells of no time', changed({ signOutEpoch: '0' })],
    ['has no session', changed({ session: undefined })],
    ['has a session without id', changed({ session: {} })],
  ])('and %s is of nobody, at its epoch', (_, text) => {
    expect(fromText({ epoch: 5, text })).toEqual({ ...NOBODY, epoch: 5 })
  })

  it('of a session that has ended needs no session', () => {
    const text = changed({ status: 'signed_out', session: undefined, ended: 'idle' })
    expect(fromText({ epoch: 5, text })).toEqual({ status: 'signed_out', epoch: 5, signOutEpoch: 0, ended: 'idle' })
  })
})
