import { afterEach, expect, it, vi } from 'vitest'
import { aheadSecondsOf, timeProblem } from '../../src/protocol/clock.js'

afterEach(() => void vi.useRealTimers())

it('a claim is missing or wrong, and a time also so many seconds away', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  expect(timeProblem('exp', 940)).toBe('its exp is wrong (-60 s from now)')
  expect(timeProblem('auth_time', 1060.4)).toBe('its auth_time is wrong (60 s from now)')
  expect(timeProblem('nbf', 1060, 1000)).toBe('its nbf is wrong (60 s from now)')
  expect(timeProblem('exp', '940')).toBe('its exp is wrong')
  expect(timeProblem('exp', JSON.parse('1e400'))).toBe('its exp is wrong')
  expect(timeProblem('sub', 940)).toBe('its sub is wrong')
  expect(timeProblem('iat', undefined)).toBe('its iat is missing')
})

it('the server’s clock is read from the Date header, where that can be seen', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  const of = (date?: string) => aheadSecondsOf(new Response(null, { headers: date === undefined ? {} : { date } }))
  expect(of(new Date(1_060_000).toUTCString())).toBe(60)
  expect(of(new Date(940_000).toUTCString())).toBe(-60)
  expect([of(), of('yesterday')]).toEqual([undefined, undefined])
})
