import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withRetryAfter } from '../../src/session/retry-after.js'

const NOW_MS = 1_700_000_000_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS }))
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** What is told of this response. */
async function waits(status: number, retryAfter?: string): Promise<number[]> {
  const told: number[] = []
  const headers: HeadersInit = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  const response = new Response(null, { status, headers })
  const fetch = withRetryAfter({ fetch: async () => response }, (milliseconds) => told.push(milliseconds))
  expect(await fetch('https://as.example/token')).toBe(response)
  return told
}

// RFC 9110 §10.2.3.
describe('a response', () => {
  it.each([200, 302, 400, 401, 428, 500, 502, 504])('%i asks for no pause', async (status) => {
    expect(await waits(status, '30')).toEqual([])
  })

  it.each<[string, string | undefined, number]>([
    ['seconds', '30', 30_000],
    ['no time', '0', 1000],
    ['more than an hour', '3601', 3_600_000],
    ['a number that is none', '9'.repeat(400), 3_600_000],
    ['a date', new Date(NOW_MS + 90_000).toUTCString(), 90_000],
    ['a date that is over', 'Sun, 06 Nov 1994 08:49:37 GMT', 1000],
    ['nothing', undefined, 1000],
    ['nonsense', 'soon', 0],
    ['a number in another form', '1e3', 0],
    ['a number with a unit', '30s', 0],
    ['a unit with a number', 'T30', 0],
  ])('that says %s', async (_, retryAfter, milliseconds) => {
    for (const status of [429, 503]) expect(await waits(status, retryAfter)).toEqual([milliseconds])
  })
})

it('the request goes on to the fetch of the options, or to the global one of the moment', async () => {
  const own = vi.fn(async (_url: unknown, _init: unknown) => new Response())
  const init = { method: 'POST' }
  await withRetryAfter({ fetch: own }, () => {})('https://as.example/token', init)
  expect(own).toHaveBeenCalledWith('https://as.example/token', init)
  const later = withRetryAfter({}, () => {})
  const global = vi.fn(async () => new Response())
  vi.stubGlobal('fetch', global)
  await later('https://as.example/token', init)
  expect(global).toHaveBeenCalledWith('https://as.example/token', init)
})
