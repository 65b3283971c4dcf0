import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_CREDENTIAL_LENGTH } from '../../../src/limits.js'
import { readCredentials } from '../../../src/protocol/resource/credentials.js'
import { refusal } from '../../helpers/refusal.js'

const request = (authorization?: string, url = 'https://api.example/orders') =>
  new Request(url, { headers: authorization === undefined ? {} : { authorization } })

describe('readCredentials', () => {
  it.each([
    ['Bearer abc', { scheme: 'Bearer', token: 'abc' }],
    ['bearer abc', { scheme: 'Bearer', token: 'abc' }],
    ['BEARER   a.b-c_d~e+f/g==', { scheme: 'Bearer', token: 'a.b-c_d~e+f/g==' }],
    ['DPoP abc', { scheme: 'DPoP', token: 'abc' }],
    ['dpop abc', { scheme: 'DPoP', token: 'abc' }],
    ['Basic abc', undefined],
    ['Bearerabc', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s', (header, expected) => {
    expect(readCredentials(request(header))).toEqual(expected)
  })

  it.each([
    ['no token', 'Bearer'],
    ['two tokens', 'Bearer a b'],
    ['two headers', 'Bearer a, Bearer b'],
    ['two headers of two schemes', 'DPoP a, Bearer b'],
    ['a second header after another scheme', 'Basic a, Bearer b'],
    ['parameters', 'Bearer token="a"'],
    ['padding inside', 'Bearer a=b'],
    ['a character that no token has', 'Bearer a"b'],
    ['a token that is too long', `Bearer ${'a'.repeat(20_000)}`],
  ])('refuses %s', async (_, header) => {
    const error = await refusal(() => readCredentials(request(header)), 'request_malformed')
    expect(JSON.stringify(error)).not.toContain(header)
  })

  it('joins repeated headers, and refuses what comes of it', async () => {
    const headers = new Headers({ authorization: 'Bearer a' })
    headers.append('authorization', 'Bearer b')
    await refusal(() => readCredentials(new Request('https://api.example', { headers })), 'request_malformed')
  })

  it.each([
    ['?access_token=x', undefined],
    ['?a=1&access_token=x', 'Bearer x'],
    ['?access%5Ftoken=x', 'Bearer x'],
  ])('refuses a token in the URL: %s', async (query, header) => {
    const error = await refusal(
      () => readCredentials(request(header, `https://api.example/${query}`)),
      'request_malformed',
    )
    expect(error.message).toContain('in its URL')
  })

  it('refuses what stands for an invalid request', async () => {
    await refusal(() => readCredentials(request('Bearer x', 'http://bad-request.invalid/')), 'request_malformed')
  })

  it('reads a token or refuses, whatever the header says', () => {
    const piece = fc.constantFrom(
      'Bearer',
      'bearer',
      'DPoP',
      'Basic',
      ' ',
      '  ',
      ',',
      '=',
      'abc',
      'a.b',
      '"',
      '\t',
      ';',
    )
    const header = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 60 }),
    )
    fc.assert(
      fc.property(header, (text) => {
        const sent = request(text).headers.get('authorization') ?? ''
        let found: ReturnType<typeof readCredentials>
        try {
          found = readCredentials(request(text))
        } catch (error) {
          expect(error).toMatchObject({ code: 'request_malformed' })
          return
        }
        // Exactly the grammar of RFC 6750 §2.1, and nothing of a token is lost.
        const [scheme = '', token = '', ...more] = sent.split(/ +/)
        const isToken = /^(bearer|dpop)$/i.test(scheme) && /^[\w.~+/-]+=*$/.test(token) && !more[0]
        expect(found !== undefined).toBe(isToken)
        if (found) expect(found).toEqual({ scheme: /dpop/i.test(scheme) ? 'DPoP' : 'Bearer', token })
      }),
      { numRuns: 1000 },
    )
  })
})

describe('what is wrong with a request is said', () => {
  it.each([
    ['a malformed header', 'Bearer a b', undefined, 'malformed or repeated Authorization header'],
    ['a token that is too long', `Bearer ${'a'.repeat(MAX_CREDENTIAL_LENGTH + 1)}`, undefined, 'too long'],
    ['no host', 'Bearer a', 'http://bad-request.invalid/', 'no valid Host'],
    ['a token in the URL', 'Bearer a', 'https://api.example/?access_token=a', 'access token in its URL'],
  ])('%s', async (_, header, url, message) => {
    const error = await refusal(() => readCredentials(request(header, url)), 'request_malformed')
    expect(error.message).toContain(message)
  })

  it('a query is none of it, nor a token as long as it may be', () => {
    const longest = 'a'.repeat(MAX_CREDENTIAL_LENGTH)
    const read = readCredentials(request(`Bearer ${longest}`, 'https://api.example/?a=1&token=x'))
    expect(read).toEqual({ scheme: 'Bearer', token: longest })
  })
})
