import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { challengeOf, readChallenge } from '../../../src/protocol/resource/challenge.js'

const read = (header: string) => challengeOf(new Response(null, { headers: { 'www-authenticate': header } }))

describe('challengeOf', () => {
  it.each([
    ['no parameter', 'Bearer', {}],
    // RFC 6750 §3
    ['a realm alone', 'Bearer realm="example"', {}],
    [
      'RFC 6750',
      'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
      { error: 'invalid_token' },
    ],
    [
      'a scope',
      'Bearer error="insufficient_scope", scope="orders:read orders:write"',
      { error: 'insufficient_scope', scope: 'orders:read orders:write' },
    ],
    // RFC 9470 §3
    [
      'RFC 9470, acr_values',
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"',
      { error: 'insufficient_user_authentication', acr_values: 'myACR' },
    ],
    [
      'RFC 9470, max_age',
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"',
      { error: 'insufficient_user_authentication', max_age: '5' },
    ],
    [
      'RFC 9728',
      'Bearer error="invalid_token", resource_metadata="https://mcp.example/.well-known/oauth-protected-resource"',
      { error: 'invalid_token', resource_metadata: 'https://mcp.example/.well-known/oauth-protected-resource' },
    ],
    ['tokens without quotes', 'Bearer error=invalid_token,max_age=5', { error: 'invalid_token', max_age: '5' }],
    ['space around =', 'Bearer error = "invalid_token"', { error: 'invalid_token' }],
    [
      'names in any case (RFC 9110 §11.2)',
      'bearer Error="invalid_token", SCOPE="a"',
      { error: 'invalid_token', scope: 'a' },
    ],
    ['a comma in quotes', 'Bearer scope="a, error=b", error="c"', { scope: 'a, error=b', error: 'c' }],
    ['escapes', 'Bearer scope="a\\"b\\\\c", error="d"', { scope: 'a"b\\c', error: 'd' }],
    ['an empty text', 'Bearer error=""', { error: '' }],
    ['several challenges', 'Basic realm="x", Bearer error="invalid_token"', { error: 'invalid_token' }],
    [
      'the first of two',
      'DPoP error="invalid_dpop_proof", Bearer error="invalid_token"',
      { error: 'invalid_dpop_proof' },
    ],
    ['what stands in another text', 'Basic realm="error=\\"x\\", scope=y"', {}],
    ['what only ends like a name', 'Bearer x-error="a", xscope="b", my_max_age=1', {}],
    ['a text that does not end', 'Bearer error="invalid', {}],
    ['names of the prototype', 'Bearer __proto__="x", constructor="y"', {}],
  ])('reads %s', (_, header, expected) => {
    expect(read(header)).toEqual(expected)
  })

  it('finds nothing without a header', () => {
    expect(challengeOf(new Response())).toEqual({})
  })

  it('never throws, and gives texts, whatever the header holds', () => {
    const piece = fc.constantFrom(
      'Bearer ',
      'error',
      'scope',
      'max_age',
      'acr_values',
      '=',
      '"',
      '\\',
      ',',
      ' ',
      'x',
      '\t',
    )
    const header = fc.oneof(
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
        maxLength: 300,
      }),
    )
    fc.assert(
      fc.property(header, (text) => {
        const found = read(text)
        for (const [name, value] of Object.entries(found)) {
          expect(['error', 'scope', 'acr_values', 'max_age']).toContain(name)
          expect(typeof value).toBe('string')
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('reads back what a server wrote by the rules', () => {
    const text = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
    const quote = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`
    fc.assert(
      fc.property(text, text, text, (realm, error, scope) => {
        const header = `Bearer realm=${quote(realm)}, error=${quote(error)}, scope=${quote(scope)}`
        expect(read(header)).toEqual({ error, scope })
      }),
    )
  })

  it.each([
    ['quotes that never end', `Bearer ${'"\\'.repeat(100_000)}`],
    ['names that never get a value', `Bearer ${'error='.repeat(40_000)}`],
    ['spaces', `Bearer error${' '.repeat(200_000)}`],
  ])('takes no time over %s', (_, header) => {
    const before = performance.now()
    read(header)
    expect(performance.now() - before).toBeLessThan(500)
  })
})

it('other characters than printable ASCII become one space', () => {
  expect(read('Bearer error="a\xe9\xfc\xe9b"')).toEqual({ error: 'a b' })
})

it('a hostile header takes no long time: 4096 characters are read', () => {
  expect(read(`Bearer realm="${'x'.repeat(4000)}", error="a"`)).toEqual({ error: 'a' })
  expect(read(`Bearer realm="${'x'.repeat(4096)}", error="a"`)).toEqual({})
})

it('where no secret was sent, all of it is read', () => {
  const response = new Response(null, { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
  expect(readChallenge(response)).toEqual({ error: 'invalid_token' })
})
