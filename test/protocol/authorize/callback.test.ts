import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createTicket } from '../../../src/crypto/ticket.js'
import { MAX_CALLBACK_LENGTH } from '../../../src/limits.js'
import {
  callbackParameters,
  checkCallback,
  errorWithoutState,
  isCallback,
  otherParameters,
  withoutCallbackParameters,
} from '../../../src/protocol/authorize/callback.js'
import type { ErrorCode, Transaction } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const issuer = 'https://as.example'
const transaction = {
  server: { issuer, token_endpoint: `${issuer}/token`, authorization_response_iss_parameter_supported: true },
  redirectUri: 'https://app.example/cb?tenant=1',
  state: 'the-state',
} as unknown as Transaction
const silent = { ...transaction, server: { issuer, token_endpoint: `${issuer}/token` } } as Transaction

const good = { code: 'the-code', state: 'the-state', iss: issuer }
const landing = (parameters: Record<string, string>, at = transaction.redirectUri) => {
  const url = new URL(at)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value)
  return url
}
const check = (url: URL, expected = transaction) => checkCallback(expected, url, callbackParameters(url))

describe('checkCallback', () => {
  it('shows a description that names the time at which the sign-in expires', async () => {
    const state = createTicket('owner', 1_800_000_600_000)
    const refused = (error_description: string) =>
      refusal(
        () =>
          check(landing({ error: 'access_denied', error_description, state, iss: issuer }), { ...transaction, state }),
        'access_denied',
      )
    for (const text of ['It expired at 1800000600.', 'exp: 1800000600000'])
      expect((await refused(text)).serverError?.description).toBe(text)
    expect((await refused(`Unknown state ${state}`)).serverError?.description).toBe('(withheld)')
  })

  it('gives the code', () => {
    expect(check(landing(good))).toBe('the-code')
    expect(check(landing({ ...good, foo: '1', session_state: 'x' }))).toBe('the-code')
    expect(check(new URL(`${transaction.redirectUri}#${new URLSearchParams(good)}`))).toBe('the-code')
  })

  it.each(['code', 'state', 'iss', 'error', 'error_description', 'session_state'])('refuses %s twice', async (name) => {
    const url = landing({ ...good, session_state: 'x', ...(name.startsWith('error') && { [name]: 'a' }) })
    url.searchParams.append(name, 'again')
    await refusal(() => check(url), 'callback_malformed')
  })

  it('refuses what comes in the query and in the fragment', async () => {
    const url = landing(good)
    url.hash = 'code=other'
    await refusal(() => check(url), 'callback_malformed')
  })

  it.each(['access_token', 'id_token', 'token', 'response'])('refuses %s, in query or fragment', async (name) => {
    await refusal(() => check(landing({ ...good, [name]: 'x' })), 'callback_malformed')
    const url = landing(good)
    url.hash = `${name}=x`
    await refusal(() => check(url), 'callback_malformed')
  })

  describe('the issuer (RFC 9207 §2.4)', () => {
    const { iss: _, ...without } = good
    it.each<[string, Transaction, Record<string, string>, boolean]>([
      ['advertised and right', transaction, good, true],
      ['advertised and missing', transaction, without, false],
      ['advertised and wrong', transaction, { ...good, iss: 'https://evil.example' }, false],
      ['advertised and empty', transaction, { ...good, iss: '' }, false],
      ['advertised and off by a slash', transaction, { ...good, iss: `${issuer}/` }, false],
      ['not advertised and missing', silent, without, true],
      ['not advertised and right', silent, good, true],
      ['not advertised and wrong', silent, { ...good, iss: 'https://evil.example' }, false],
      ['not advertised and empty', silent, { ...good, iss: '' }, false],
    ])('%s', async (_, expected, parameters, passes) => {
      if (passes) expect(check(landing(parameters), expected)).toBe('the-code')
      else await refusal(() => check(landing(parameters), expected), 'callback_issuer_mismatch')
    })
  })

  it('judges issuer, then state, then redirect URI, then the error', async () => {
    const error = { error: 'access_denied', error_description: 'no', state: 'the-state', iss: issuer }
    const evil = { iss: 'https://evil.example' }
    await refusal(() => check(landing({ ...error, ...evil, state: 'x' })), 'callback_issuer_mismatch')
    await refusal(() => check(landing({ ...error, state: 'x' }, 'https://app.example/other')), 'unknown_state')
    await refusal(() => check(landing(error, 'https://app.example/other?tenant=1')), 'redirect_uri_mismatch')
    const refused = await refusal(() => check(landing(error)), 'access_denied')
    expect(refused.serverError).toEqual({ error: 'access_denied', description: 'no' })
    expect(refused.hint).toBe('The user or the server denied it: offer to sign in again.')
    for (const code of [
      'login_required',
      'consent_required',
      'interaction_required',
      'account_selection_required',
    ] as const)
      await refusal(() => check(landing({ ...error, error: code })), code)
    for (const other of ['server_error', 'xlogin_required', 'login_required2'])
      await refusal(() => check(landing({ ...error, error: other })), 'authorization_failed')
  })

  it('refuses an answer without a code', async () => {
    await refusal(() => check(landing({ ...good, code: '' })), 'callback_malformed')
  })

  it.each([
    ['http://app.example/cb?tenant=1', 'protocol'],
    ['https://evil.example/cb?tenant=1', 'hostname'],
    ['https://app.example:8443/cb?tenant=1', 'port'],
    ['https://app.example/cb/?tenant=1', 'pathname'],
    ['https://app.example/CB?tenant=1', 'pathname'],
    ['https://app.example/prefix/cb?tenant=1', 'pathname'],
    ['https://evil.example@app.example/cb?tenant=1', 'username'],
    ['https://:x@app.example/cb?tenant=1', 'password'],
    ['https://app.example/cb', 'search'],
    ['https://app.example/cb?tenant=2', 'search'],
  ])('names what differs where the answer landed on %s', async (at, part) => {
    const error = await refusal(() => check(landing(good, at)), 'redirect_uri_mismatch')
    expect(error.message).toContain(part)
    expect(error.message).toContain(transaction.redirectUri)
    expect(error.message).not.toContain('the-code')
  })

  it('takes a redirect URI as browsers write it', () => {
    const upper = { ...transaction, redirectUri: 'HTTPS://APP.example:443' }
    expect(check(landing(good, 'https://app.example/'), upper)).toBe('the-code')
  })

  it('bounds and cleans what the server says', async () => {
    const description = `<img onerror=alert(1)>\r\n\u0000\u202e Доступ ${'x'.repeat(5000)}`
    const error = await refusal(
      () =>
        check(
          landing({
            error: 'bad\u0007',
            error_description: description,
            state: 'the-state',
            iss: issuer,
            code: 'the-code',
          }),
        ),
      'authorization_failed',
    )
    expect(error.serverError?.error).toBe('bad ')
    expect(error.serverError?.description).toHaveLength(200)
    expect(error.serverError?.description).toMatch(/^<img onerror=alert\(1\)> {2}Доступ x+$/)
  })
})

describe('isCallback', () => {
  it.each([
    ['https://app.example/', false],
    ['https://app.example/?state=x', false],
    ['https://app.example/#/route?code=x', false],
    ['https://app.example/?code=x', true],
    ['https://app.example/?error=x', true],
    ['https://app.example/#access_token=x', true],
    ['https://app.example/#id_token=x', true],
    ['https://app.example/#code=x&state=y', true],
  ])('%s: %s', (url, expected) => {
    expect(isCallback(callbackParameters(new URL(url)))).toBe(expected)
  })
})

describe('withoutCallbackParameters', () => {
  it('keeps what is not the server’s', () => {
    expect(withoutCallbackParameters(landing({ ...good, foo: '1' }))).toBe('https://app.example/cb?tenant=1&foo=1')
    expect(withoutCallbackParameters(new URL('https://app.example/cb#code=x&state=y'))).toBe('https://app.example/cb')
    expect(withoutCallbackParameters(new URL('https://app.example/cb?code=x#/inbox'))).toBe(
      'https://app.example/cb#/inbox',
    )
  })

  it.each([
    ['https://app.example/cb##', 'https://app.example/cb##'],
    ['https://app.example/cb?code=x##a', 'https://app.example/cb##a'],
    ['https://app.example/cb?code=x&?a', 'https://app.example/cb??a'],
    ['https://app.example/cb??code=x', 'https://app.example/cb??code=x'],
    ['https://app.example/cb#?code=x', 'https://app.example/cb#?code=x'],
  ])('reads %s as it is written: a second mark belongs to the app', (text, clean) => {
    expect(withoutCallbackParameters(new URL(text))).toBe(clean)
    expect([...callbackParameters(new URL(clean)).keys()]).not.toContain('code')
  })

  it('leaves no trace of any value, whatever the URL', () => {
    const names = fc.constantFrom(
      'code',
      'state',
      'iss',
      'error',
      'error_description',
      'access_token',
      'id_token',
      'foo',
    )
    const part = fc.array(fc.tuple(names, fc.string()))
    fc.assert(
      fc.property(part, part, (query, fragment) => {
        const url = new URL('https://app.example/cb')
        url.search = `${new URLSearchParams(query)}`
        url.hash = `${new URLSearchParams(fragment)}`
        const clean = callbackParameters(new URL(withoutCallbackParameters(url)))
        expect([...clean.keys()].filter((name) => name !== 'foo')).toEqual([])
      }),
    )
  })
})

describe('whatever URL comes', () => {
  it('nothing but the right state and issuer gets a code through', () => {
    const names = fc.constantFrom('code', 'state', 'iss', 'error', 'id_token', '__proto__', 'constructor')
    const values = fc.oneof(fc.constantFrom('the-code', 'the-state', issuer, ''), fc.string())
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values)), (pairs) => {
        const url = new URL(transaction.redirectUri)
        for (const [name, value] of pairs) url.searchParams.append(name, value)
        let code: string | undefined
        try {
          code = check(url)
        } catch (error) {
          expect(error).toHaveProperty('name', expect.stringMatching(/^ProofkeyError \[/))
          return
        }
        expect(url.searchParams.getAll('state')).toEqual(['the-state'])
        expect(url.searchParams.getAll('iss')).toEqual([issuer])
        expect(url.searchParams.getAll('code')).toEqual([code])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a link of any length', () => {
  /** How many characters are parsed as parameters while this runs. */
  function parsedDuring(work: () => unknown): number {
    const { URLSearchParams: Platform } = globalThis
    let characters = 0
    class Counting extends Platform {
      constructor(init?: ConstructorParameters<typeof Platform>[0]) {
        if (typeof init === 'string') characters += init.length
        super(init)
      }
    }
    vi.stubGlobal('URLSearchParams', Counting)
    try {
      work()
    } finally {
      vi.unstubAllGlobals()
    }
    return characters
  }
  const link = (length: number, pair = 'a&') =>
    new URL(`${transaction.redirectUri}&${pair.repeat(length / pair.length)}&code=c&state=s`)
  const clean = (url: URL) => () => withoutCallbackParameters(url)
  const read = (url: URL) => () => isCallback(callbackParameters(url))

  it.each(['a&', 'code=x&', '%63ode=x&', 'x'])('is read once, not once for each name: %s', (pair) => {
    for (const length of [1000, 10_000, 60_000]) {
      const url = link(length, pair)
      expect(parsedDuring(clean(url))).toBeLessThanOrEqual(url.href.length)
      expect(parsedDuring(read(url))).toBeLessThanOrEqual(url.href.length)
    }
    // As each name was looked for by itself.
    const pairs = link(1000, 'a=b&').search.slice(1).split('&')
    const before = parsedDuring(() =>
      pairs.filter((one) => !['code', 'state', 'iss'].some((name) => new URLSearchParams(one).has(name))),
    )
    expect(before).toBeGreaterThan(2 * 1000)
  })

  it('costs no more from 64 KiB on: it is no callback, and loses its parameters', async () => {
    for (const length of [70_000, 600_000]) {
      const url = link(length)
      expect(parsedDuring(clean(url))).toBe(0)
      expect(withoutCallbackParameters(url)).toBe('https://app.example/cb')
      expect(parsedDuring(read(url))).toBeLessThanOrEqual(65_536 + 2)
      await refusal(() => check(url), 'callback_malformed')
    }
  })

  it('keeps what is not the server’s, as it was written', () => {
    const url = new URL('https://app.example/cb?tenant=%7e1&co%64e=x&a=b+c&state=s&=&code#x=1&id_token=y')
    expect(withoutCallbackParameters(url)).toBe('https://app.example/cb?tenant=%7e1&a=b+c&=#x=1')
  })
})

describe('what is wrong with a callback is said', () => {
  it.each<[string, object, ErrorCode, string]>([
    ['a token', { access_token: 'x' }, 'callback_malformed', 'contains access_token.'],
    ['a repeated parameter', { code: ['a', 'b'] }, 'callback_malformed', 'contains code twice.'],
    ['no code', { code: [] }, 'callback_malformed', 'contains no code.'],
    ['no issuer', { iss: [] }, 'callback_issuer_mismatch', 'names no issuer'],
    ['another issuer', { iss: 'https://evil.example' }, 'callback_issuer_mismatch', 'names another issuer'],
  ])('%s', async (_, change, code, message) => {
    const url = new URL(transaction.redirectUri)
    for (const [name, value] of Object.entries({ ...good, ...change }))
      for (const one of [value].flat()) url.searchParams.append(name, one)
    expect((await refusal(() => check(url), code)).message).toContain(message)
  })

  it('where it has arrived, without its parameters', async () => {
    for (const end of ['', '#code=the-code']) {
      const url = new URL(`${landing(good, 'https://app.example/other?tenant=1').href.replace(/\?.*/, '')}${end}`)
      url.search = end ? '?state=the-state&iss=https://as.example' : landing(good).search
      expect((await refusal(() => check(url), 'redirect_uri_mismatch')).message).toBe(
        'Sent to https://app.example/cb?tenant=1, arrived at https://app.example/other: the pathname differs.',
      )
    }
  })

  it('its length: one that is as long as it may be is read and cleaned', async () => {
    const at = (length: number) => {
      const url = landing(good)
      url.searchParams.append('more', 'x'.repeat(length - `${url.href}&more=`.length))
      return url
    }
    expect(check(at(MAX_CALLBACK_LENGTH))).toBe('the-code')
    expect(withoutCallbackParameters(at(MAX_CALLBACK_LENGTH))).toMatch(/cb\?tenant=1&more=x+$/)
    const error = await refusal(() => check(at(MAX_CALLBACK_LENGTH + 1)), 'callback_malformed')
    expect(error.message).toContain(`is over ${MAX_CALLBACK_LENGTH} characters`)
    expect(withoutCallbackParameters(at(MAX_CALLBACK_LENGTH + 1))).toBe('https://app.example/cb')
  })
})

it.each(['#/inbox?a=1&code=2', '#!/inbox?a=1&code=2'])('the route of a hash router is the app’s: %s', (route) => {
  const url = new URL(`https://app.example/cb${route}`)
  expect([...callbackParameters(url)]).toEqual([])
  expect(withoutCallbackParameters(url)).toBe(url.href)
})

it('a fragment that only contains something like a route is read', () => {
  const url = new URL('https://app.example/cb#code=1&state=a#!/b')
  expect(Object.fromEntries(callbackParameters(url))).toEqual({ code: '1', state: 'a#!/b' })
  expect(withoutCallbackParameters(url)).toBe('https://app.example/cb')
})

it('parameters of no standard are handed on, the last of each name', () => {
  const parameters = new URLSearchParams({ ...good, session_state: 'x', response: 'y', own: '1', realm: 'a' })
  parameters.append('own', '2')
  expect(otherParameters(parameters)).toEqual({ own: '2', realm: 'a' })
})

describe('an error without a state', () => {
  it('is told as what the server says, for a server may have lost the state', () => {
    const error = errorWithoutState(new URLSearchParams({ error: 'server_error', error_description: 'too slow' }))
    expect(error).toMatchObject({
      code: 'unknown_state',
      serverError: { error: 'server_error', description: 'too slow' },
    })
  })

  it.each<[string, Record<string, string>]>([
    ['with a state', { error: 'server_error', state: 'x' }],
    ['whose name is of no standard', { error: 'oops' }],
    ['that is none', { code: 'x' }],
  ])('%s is not told of', (_, parameters) => {
    expect(errorWithoutState(new URLSearchParams(parameters))).toBeUndefined()
  })
})
