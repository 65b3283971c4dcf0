import { afterEach, describe, expect, it, vi } from 'vitest'
import { stepUp } from '../../src/client/step-up.js'
import type { Session } from '../../src/index.js'
import type { Challenge } from '../../src/protocol/challenge.js'
import { refusal } from '../helpers/refusal.js'

const NOW = 1_800_000_000
/** A session that started just now. */
const session = (claims: object): Session => ({
  claims: { iss: '', aud: '', sub: 'ada', iat: NOW, exp: NOW + 300, ...claims },
  scope: 'openid',
  expiresAtMs: undefined,
  startedAtMs: NOW * 1000,
})
const asked = (more: Challenge) => ({ error: 'insufficient_user_authentication', ...more })

function judged(challenge: Challenge, given?: object) {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 })
  return () => stepUp(challenge, given && session(given))
}
afterEach(() => {
  vi.useRealTimers()
})

describe('stepUp', () => {
  it.each([[{}], [{ error: 'invalid_token' }], [{ error: 'insufficient_scope', acr_values: 'high' }]])(
    'has nothing to say of %o',
    (challenge) => {
      expect(judged(challenge, {})()).toBeUndefined()
    },
  )

  it.each<[string, Challenge, object | undefined, object]>([
    ['another acr', { acr_values: 'high' }, { acr: 'low' }, { acrValues: 'high' }],
    ['no acr', { acr_values: 'high' }, {}, { acrValues: 'high' }],
    ['no claims', { acr_values: 'high' }, undefined, { acrValues: 'high' }],
    ['an acr that is only part of one', { acr_values: 'higher' }, { acr: 'high' }, { acrValues: 'higher' }],
    ['an acr that is several in one', { acr_values: 'a b' }, { acr: 'a b' }, { acrValues: 'a b' }],
    ['a sign-in too long ago', { max_age: '60' }, { auth_time: NOW - 61 }, { maxAgeSeconds: 60 }],
    ['no auth_time', { max_age: '60' }, {}, { maxAgeSeconds: 60 }],
    [
      'the right acr too long ago',
      { acr_values: 'high', max_age: '60' },
      { acr: 'high', auth_time: NOW - 61 },
      { acrValues: 'high', maxAgeSeconds: 60 },
    ],
  ])('wants another sign-in where it has %s', async (_, challenge, given, wishes) => {
    const error = await refusal(judged(asked(challenge), given), 'step_up_required')
    expect(error.wishes).toEqual(wishes)
  })

  it.each<[string, Challenge, object]>([
    ['one of the acr values', { acr_values: 'high higher' }, { acr: 'higher' }],
    ['a recent sign-in', { max_age: '60' }, { auth_time: NOW - 60 }],
    ['both', { acr_values: 'high', max_age: '60' }, { acr: 'high', auth_time: NOW }],
    ['nothing to be asked for', {}, {}],
  ])('goes round no circle where it has %s', async (_, challenge, given) => {
    await refusal(judged(asked(challenge), given), 'step_up_failed')
  })

  it.each([['-1'], ['1e3'], ['5 '], ['9999999'], ['Infinity'], ['']])('takes no max_age of %o', async (max_age) => {
    const error = await refusal(judged(asked({ max_age, acr_values: 'high' }), {}), 'step_up_required')
    expect(error.wishes).toEqual({ acrValues: 'high', maxAgeSeconds: undefined })
  })

  it('cuts what a hostile API asks for, and says none of it', async () => {
    const acr_values = `<script>\u0000\r\nevil\u202e ${'x'.repeat(5000)}`
    const error = await refusal(judged(asked({ acr_values }), {}), 'step_up_required')
    expect(error.wishes?.acrValues).toMatch(/^[\x20-\x7e]{1,200}$/)
    expect(`${error.message} ${error.hint}`).not.toMatch(/script|evil|xxx/)
  })
})
