import { describe, expect, it } from 'vitest'
import {
  aborted,
  codeOf,
  errorWith,
  oauthErrorOf,
  oauthRefusal,
  outcomeUnknown,
  ProofkeyError,
  redact,
  revealServerError,
  secretFinder,
} from '../src/errors.js'

/** No eight letters of it in a row stay as they are where it is encoded. */
const SECRET = 'Zü/Ti+uv%ge=im"il;eö'
const bytes = [...Buffer.from(SECRET)]
const percent = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const times = (count: number, encode: (text: string) => string, text = SECRET) =>
  Array.from({ length: count }).reduce<string>((done) => encode(done), text)

describe('a secret in a server’s text', () => {
  it.each<[string, string]>([
    ['as it is', SECRET],
    ['in the midst', `before ${SECRET} after`],
    ['in part: its first eight characters', SECRET.slice(0, 8)],
    ['in part: its last eight characters', SECRET.slice(-8)],
    ['in upper case', SECRET.toUpperCase()],
    ['in lower case', SECRET.toLowerCase()],
    ['without accents', SECRET.replace('ü', 'u')],
    ['with spaces in between', [...SECRET].join(' ')],
    ['with dots in between', [...SECRET].join('.')],
    ['in lines', SECRET.replace(/(.{4})/gu, '$1\r\n\t')],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['percent-encoded altogether', percent(SECRET)],
    ['percent-encoded twice', times(2, encodeURIComponent)],
    ['percent-encoded eight times', times(8, encodeURIComponent)],
    ['escaped as in JSON', SECRET.replace(/[^a-z]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)],
    ['escaped as %u', SECRET.replace(/[^a-z]/g, (c) => `%u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)],
    ['escaped with braces', SECRET.replace(/[^a-z]/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`)],
    ['escaped as in C', SECRET.replace(/[^a-z]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)],
    ['as HTML entities', SECRET.replace(/./g, (c) => `&#${c.charCodeAt(0)};`)],
    ['as HTML entities in hex', SECRET.replace(/./g, (c) => `&#x${c.charCodeAt(0).toString(16)};`)],
    ['as HTML entities without semicolons', SECRET.replace(/\W/g, (c) => `&#${c.charCodeAt(0)}`)],
    ['with a named entity', `Z&uuml;&#x2F;Ti&#43;uv&#37;ge`],
    ['with entities in entities', SECRET.replace(/\W/g, (c) => `&amp;#${c.charCodeAt(0)};`)],
    ['in hex', Buffer.from(SECRET).toString('hex')],
    ['in hex, after an odd digit', `a${Buffer.from(SECRET).toString('hex')}`],
    ['in hex with 0x', bytes.map((byte) => `0x${byte.toString(16)}`).join(', ')],
    ['in hex in upper case', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in base64 after one other character', Buffer.from(`1${SECRET}`).toString('base64')],
    ['in base64 after two other characters', Buffer.from(`12${SECRET}`).toString('base64')],
    ['in base64 in the midst', `a${Buffer.from(SECRET).toString('base64')}`],
    ['in base64 in the midst, elsewhere', `ab${Buffer.from(SECRET).toString('base64')}`],
    ['in base64 in the midst, at the last place', `abc${Buffer.from(SECRET).toString('base64')}`],
    ['as decimal numbers', bytes.join(', ')],
    ['as octal numbers', bytes.map((byte) => byte.toString(8)).join(' ')],
    ['in base64 of its percent-encoding', Buffer.from(encodeURIComponent(SECRET)).toString('base64')],
  ])('is found: %s', (_, text) => {
    expect(secretFinder(['another-secret', SECRET])(text)).toBe(true)
    expect(redact(text, [SECRET])).toBe('(withheld)')
  })

  it.each([
    ['nothing of it', 'The client is not known.'],
    ['seven characters of it', SECRET.slice(-7)],
    ['nothing', ''],
    ['what is alike', 'Zü/To+uw%go=am"ol;aö'],
  ])('is not found in a text with %s', (_, text) => {
    expect(secretFinder([SECRET])(text)).toBe(false)
    expect(redact(text, [SECRET])).toBe(text)
  })

  it('that looks encoded is found as it is, and decoded', () => {
    const secret = 'a%41b%42c%43d%44'
    for (const text of [secret, 'aAbBcCdD']) expect(secretFinder([secret])(text), text).toBe(true)
  })

  it('that is short is found as a whole', () => {
    const finds = secretFinder(['s3cr3t'])
    expect(['s3cr3t', 'is s3cr3t.', 'S3CR3T', 's-3-c-r-3-t'].map(finds)).toEqual([true, true, true, true])
    expect(['s3cr3', '3cr3t', 'secret'].map(finds)).toEqual([false, false, false])
  })

  it('of eight characters is found as a whole', () => {
    expect(['12345678', '1234567', '2345678'].map(secretFinder(['12345678']))).toEqual([true, false, false])
  })

  it('that is missing, empty or made of separators is found in nothing', () => {
    const finds = secretFinder([undefined, null, '', '--'])
    expect(['text', '', ' ', 'undefined', 'null'].map(finds)).toEqual([false, false, false, false, false])
  })
})

describe('a text for display', () => {
  it.each([
    ['control characters', 'a\u0000\u001b[31mb\r\nc\td', 'a [31mb c d'],
    ['what turns the direction of writing', 'a\u202eb\u2066c', 'a b c'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
    ['what is of no use to anybody', 'zürich ✓ 𝓏', 'zürich ✓ 𝓏'],
  ])('is without %s', (what, text, shown) => {
    expect(redact(text), what).toBe(shown)
  })

  it('has 200 characters at most, and no half of one', () => {
    expect(redact('x'.repeat(200))).toBe('x'.repeat(200))
    expect(redact('x'.repeat(201))).toBe('x'.repeat(200))
    expect(redact(`${'x'.repeat(199)}𝓏`)).toBe('x'.repeat(199))
    expect(redact(`${'x'.repeat(198)}𝓏`)).toBe(`${'x'.repeat(198)}𝓏`)
  })

  it('is cut after control characters have become one space', () => {
    expect(redact(`a${'\u0000'.repeat(1000)}b`)).toBe('a b')
  })
})

describe('an OAuth error', () => {
  it.each<[unknown, boolean]>([
    [{ error: 'x' }, true],
    [{ error: '' }, true],
    [{ error: 1 }, false],
    [{}, false],
    ['x', false],
    [null, false],
    [undefined, false],
  ])('is in %j: %s', (body, isOne) => {
    expect(oauthErrorOf(body)).toBe(isOne ? body : undefined)
  })

  it('shows error and description, and reveals the rest only to who asks', () => {
    const error = oauthRefusal(
      'token_request_refused',
      { error: `bad ${SECRET}`, error_description: 'no\u0000pe', error_uri: 'u' } as never,
      [SECRET],
    )
    expect(error.serverError).toEqual({ error: '(withheld)', description: 'no pe' })
    expect(error.message).toContain('(withheld)')
    expect(revealServerError(error)).toEqual({
      error: `bad ${SECRET}`,
      description: 'no\u0000pe',
      other: { error_uri: 'u' },
    })
    expect(JSON.stringify(error)).not.toContain(SECRET)
    const copy = errorWith(error, {})
    expect(revealServerError(copy)).toBe(revealServerError(error))
    expect(revealServerError(new Error('other'))).toBeUndefined()
  })

  it.each([undefined, 1, null, {}])('has no description where it is no text: %j', (error_description) => {
    expect(oauthRefusal('refused' as never, { error: 'x', error_description }, []).serverError).toEqual({ error: 'x' })
  })

  it('says what repairs it: each kind another, or what the caller says', () => {
    const hint = (code: string, own?: string) => oauthRefusal(code as never, { error: 'x' }, [], own).hint
    const hints = ['access_denied', 'login_required', 'token_request_refused'].map((code) => hint(code))
    expect(new Set(hints).size).toBe(3)
    for (const text of hints) expect(text).toMatch(/^[A-Z].+\.$/)
    expect(hint('interaction_required')).toBe(hints[1])
    expect(hint('access_denied', 'Own hint.')).toBe('Own hint.')
  })
})

describe('errors of all parts', () => {
  it('that the caller ended can be repeated, and keep the reason', () => {
    const reason = new Error('why')
    expect(aborted(reason)).toMatchObject({ code: 'aborted', cause: reason, retryable: true })
    expect(aborted(reason).hint).toMatch(/^[A-Z].+\.$/)
    expect(aborted(reason).message).toMatch(/^[A-Z].+\.$/)
  })

  it('of an unknown outcome cannot be repeated', () => {
    const cause = new Error('why')
    expect(outcomeUnknown(cause)).toMatchObject({ code: 'storage_outcome_unknown', cause, retryable: false })
    expect(outcomeUnknown(cause).message).toMatch(/^[A-Z].+\.$/)
  })

  it('have a code for events', () => {
    expect(codeOf(new ProofkeyError('expired', 'Late.'))).toBe('expired')
    expect([new Error('x'), 'x', undefined].map(codeOf)).toEqual(['unexpected', 'unexpected', 'unexpected'])
  })

  it('have where to go back to, for those who ask by name', () => {
    const error = new ProofkeyError('expired', 'Late.', undefined, { returnTo: '/home', appState: { a: 1 } })
    expect([error.returnTo, error.appState]).toEqual(['/home', { a: 1 }])
    expect(JSON.stringify(error)).not.toMatch(/home|appState/)
    expect('returnTo' in new ProofkeyError('expired', 'Late.')).toBe(false)
  })

  it('are copied with all of it, and changes', () => {
    const cause = new Error('why')
    const details = { cause, returnTo: '/home', appState: 1, retryable: true, serverError: { error: 'x' } }
    const error = new ProofkeyError('network_error', 'No answer.', 'Wait.', details)
    const copy = errorWith(error, { retryable: false })
    expect(copy).not.toBe(error)
    expect(copy).toMatchObject({ code: 'network_error', message: 'No answer.', hint: 'Wait.', retryable: false })
    expect([copy.cause, copy.returnTo, copy.appState, copy.serverError]).toEqual([cause, '/home', 1, { error: 'x' }])
    expect(errorWith(error, {}, 'Other.').hint).toBe('Other.')
    expect(error.retryable).toBe(true)
  })
})
