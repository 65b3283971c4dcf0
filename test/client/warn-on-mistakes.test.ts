import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTicket } from '../../src/crypto/ticket.js'
import { createEmitter, type EventBody, type ProofkeyEvent } from '../../src/events.js'
import { warnOnMistakes } from '../../src/index.js'

function warningsOf(...events: EventBody[]) {
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  const texts: string[] = []
  const end = warnOnMistakes({ subscribe }, (text) => void texts.push(text))
  for (const event of events) emit({ atMs: 0, issuer: 'https://as.example', clientId: 'spa', ...event })
  end()
  emit({ atMs: 0, issuer: 'https://as.example', clientId: 'spa', type: 'refresh_token_missing' })
  return texts
}

it.each<[EventBody, RegExp]>([
  [{ type: 'refresh_token_missing' }, /offline_access.*prompt: 'consent'/],
  [{ type: 'callback_not_handled' }, /auth\.start\(\)/],
  [
    { type: 'api_not_listed', origin: 'https://b.example', similar: undefined },
    /https:\/\/b\.example answered 401.*apis/,
  ],
  [
    { type: 'api_not_listed', origin: 'http://b.example', similar: 'https://b.example' },
    /http:\/\/b\.example .*apis contains https:\/\/b\.example/,
  ],
  [{ type: 'scope_changed', missing: ['orders'], added: [] }, /did not grant orders/],
  [{ type: 'session_not_stored', code: 'storage_unavailable' }, /storage_unavailable/],
])('names the repair of %o, until it is ended', (event, expected) => {
  expect(warningsOf(event)).toEqual([expect.stringMatching(expected)])
})

describe('a callback that stays in the address bar', () => {
  const CALLBACK = `/callback?code=c&state=${createTicket('spa', Date.now() + 600_000)}`
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it.each<[string, string, EventBody[], number]>([
    ['is told once', CALLBACK, [], 1],
    ['is told once, also by restore()', CALLBACK, [{ type: 'callback_not_handled' }], 1],
    ['is on its way', CALLBACK, [{ type: 'callback_received' }], 0],
    ['is none', '/page?code=coupon', [], 0],
  ])('%s', (_, path, events, count) => {
    vi.stubGlobal('location', new URL(path, 'https://app.example'))
    const { emit, subscribe } = createEmitter<ProofkeyEvent>()
    const texts: string[] = []
    const end = warnOnMistakes({ subscribe }, (text) => void texts.push(text))
    for (const event of events) emit({ atMs: 0, issuer: 'https://as.example', clientId: 'spa', ...event })
    vi.advanceTimersByTime(60_000)
    end()
    expect(texts).toHaveLength(count)
  })
})

it('is silent about what is no mistake', () => {
  expect(
    warningsOf(
      { type: 'scope_changed', missing: [], added: ['email'] },
      { type: 'session_started', scope: 'openid' },
      { type: 'sign_in_failed', code: 'access_denied' },
    ),
  ).toEqual([])
})
