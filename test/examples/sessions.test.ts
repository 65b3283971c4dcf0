import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSessions } from '../../examples/spa-exchange/sessions.js'
import type { Grant, LogoutToken } from '../../src/server.js'

const issuer = 'https://as.example'
const grant = (claims: object) =>
  ({ claims: { iss: issuer, sub: 'ada', ...claims }, tokens: { idToken: 'e30' } }) as unknown as Grant
const logoutToken = (of: Partial<LogoutToken>) =>
  ({ issuer, subject: undefined, sessionId: undefined, ...of }) as LogoutToken
const withCookie = (cookie = '') => new Request('https://app.example/', { headers: { cookie } })

let sessions: ReturnType<typeof createSessions>
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  sessions = createSessions()
})
afterEach(() => void vi.useRealTimers())

/** @returns the cookie of the new session, as a browser sends it */
function start(claims: object = {}, before = ''): string {
  const headers = new Headers()
  sessions.start(withCookie(before), grant(claims), headers)
  const [line = '', ...more] = headers.getSetCookie()
  expect(more).toEqual([])
  expect(line).toMatch(/^__Host-session=[\w-]{36}; Max-Age=28800; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
  return line.split(';')[0] ?? ''
}
const isKnown = (cookie: string) => sessions.find(withCookie(cookie)) !== undefined

it('keeps who it is, and greets by the name or by sub', () => {
  const named = sessions.find(withCookie(start({ name: 'Ada L.', sid: 's' })))
  expect(named).toMatchObject({ issuer, sub: 'ada', name: 'Ada L.', sid: 's', idToken: 'e30' })
  for (const name of [undefined, '', null])
    expect(sessions.find(withCookie(start({ name })))).toMatchObject({ sub: 'ada', name: 'ada' })
})

it('ends what is signed out, what is replaced, and what is 8 hours old', () => {
  const first = start()
  const second = start({}, first)
  expect([isKnown(first), isKnown(second)]).toEqual([false, true])
  sessions.end(withCookie(second), new Headers())
  expect(isKnown(second)).toBe(false)

  const third = start()
  vi.setSystemTime(Date.now() + 8 * 3600_000 - 1)
  expect(isKnown(third)).toBe(true)
  vi.setSystemTime(Date.now() + 1)
  expect(isKnown(third)).toBe(false)
})

it('ends the sessions that a logout token names, and no others', () => {
  const [one, two] = [start({ sid: '1' }), start({ sid: '2' })]
  const [other, elsewhere] = [start({ sub: 'bob' }), start({ iss: 'https://other.example' })]
  sessions.endAll(logoutToken({ sessionId: '1', subject: 'ada' }))
  expect([isKnown(one), isKnown(two)]).toEqual([false, true])
  // The callback of a session that has ended meanwhile.
  expect(isKnown(start({ sid: '1' }))).toBe(false)

  sessions.endAll(logoutToken({ subject: 'ada' }))
  expect([isKnown(two), isKnown(other), isKnown(elsewhere)]).toEqual([false, true, true])
  vi.setSystemTime(Date.now() + 1)
  expect(isKnown(start({ sid: '3' }))).toBe(true)
})

it('takes its own cookie and nothing that looks like it', () => {
  const cookie = start()
  expect(isKnown(`a=b; ${cookie}; c=d`)).toBe(true)
  // A sibling host may set these: the browser sees no prefix.
  for (const lookalike of [
    `\u00a0${cookie}`,
    `\u0085${cookie}`,
    `x${cookie}`,
    `a=b;\u00a0${cookie}`,
    cookie.toLowerCase(),
  ])
    expect(isKnown(lookalike)).toBe(false)
})
