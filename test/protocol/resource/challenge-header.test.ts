import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { challengeOf } from '../../../src/protocol/resource/challenge.js'
import { challengeHeader, described, isQuotable } from '../../../src/protocol/resource/challenge-header.js'
import { refusal } from '../../helpers/refusal.js'

const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
const read = (header: string) => challengeOf(new Response(null, { headers: { 'www-authenticate': header } }))

describe('challengeHeader', () => {
  it('writes a scheme and its parameters, and leaves out what is undefined', () => {
    expect(challengeHeader('Bearer', {})).toBe('Bearer')
    expect(challengeHeader('Bearer', { realm: undefined, error: 'invalid_token', max_age: 5 })).toBe(
      'Bearer error="invalid_token", max_age="5"',
    )
    expect(challengeHeader('DPoP', { realm: 'a "b" \\c' })).toBe('DPoP realm="a \\"b\\" \\\\c"')
  })

  it('is read again as it was written, whatever the values are', () => {
    const parameters = fc.record({
      realm: printable,
      error: printable,
      scope: printable,
      acr_values: printable,
      max_age: printable,
    })
    fc.assert(
      fc.property(parameters, parameters, ({ realm, ...challenge }, other) => {
        const header = [challengeHeader('Bearer', { realm, ...challenge }), challengeHeader('DPoP', other)].join(', ')
        expect(read(header)).toEqual(challenge)
      }),
    )
  })

  it.each(['\n', '\r', '\r\nset-cookie: a=b', '\0', '\t', 'ü', '\u2028', '\x7f'])(
    'cannot be ended by a value: %j',
    async (text) => {
      const error = await refusal(() => challengeHeader('Bearer', { realm: `x${text}` }), 'config_invalid')
      expect(error.message).toContain('realm: must be printable ASCII')
      expect(isQuotable(text)).toBe(false)
    },
  )

  it('has a description of the characters that RFC 6750 allows', () => {
    fc.assert(fc.property(fc.string(), (text) => /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(described(text))))
  })
})

it('only a text can be quoted', () => {
  expect([7, undefined, null, ['a'], 'a "b" \\c', ''].map(isQuotable)).toEqual([false, false, false, false, true, true])
})

it('a description has none of the characters that RFC 6750 §3 forbids', () => {
  expect(described('its "aud" is \\ wrong: ü\n')).toBe("its 'aud' is ' wrong: ''")
})
