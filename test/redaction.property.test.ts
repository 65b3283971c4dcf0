import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, secretFinder } from '../src/errors.js'
import { ECHOES } from './helpers/echoes.js'

/** As servers and apps make them: tokens, and secrets that people typed, with all that a keyboard has. */
const character = fc.constantFrom(...'abcdefghijkXYZ0123456789-._~:%+/&"<>=ü \\\'')
const secrets = fc.string({ unit: character, minLength: 16, maxLength: 40 }).filter((text) =>
  /[\da-z]{8}/i.test(
    text
      .slice(0, 15)
      .normalize('NFKD')
      .replace(/[^\da-z]/gi, ''),
  ),
)
const around = fc.constantFrom('', 'invalid: ', 'The code ', '(', 'error_description=', '?code=')

describe('a secret in a server’s text', () => {
  it.each(Object.entries(ECHOES))('is found %s', (_, echo) => {
    fc.assert(
      fc.property(secrets, around, (secret, before) => {
        expect(redact(`${before}${echo(secret)}`, [undefined, secret])).toBe('(withheld)')
      }),
    )
  })

  it('is found in each encoding of each encoding, as far as two go', () => {
    const once = ['percent-encoded, lower case', 'as hex HTML entities', 'as JSON escapes'].map((name) => ECHOES[name]!)
    for (const inner of once)
      for (const outer of once) expect(secretFinder(['0123456789abcdef'])(outer(inner('0123456789abcdef')))).toBe(true)
  })

  it.each(['a:b%+ü/&"<', 'hunter2', 's3cret', 'pa ss', 'ü/ü', '%+/'])('is found where it is short: %s', (secret) => {
    for (const name of [
      'raw',
      'percent-encoded where it must be',
      'percent-encoded, lower case',
      'as decimal HTML entities',
      'as JSON escapes',
      'in base64',
    ])
      expect([name, redact(`No: ${ECHOES[name]!(secret)}`, [secret])]).toEqual([name, '(withheld)'])
  })

  it('is read in bounded time, however often it is encoded', () => {
    expect(secretFinder([`%${'25'.repeat(30_000)}`])('an honest text')).toBe(false)
  })

  it('would not be found by comparing texts', () => {
    const secret = 'a:b%+ü/&"<0123456789'
    const found = Object.values(ECHOES).filter((echo) => echo(secret).includes(secret))
    expect(found.length).toBeLessThan(5)
  })

  it.each([
    'The code has expired.',
    'AADSTS70008: The provided authorization code or refresh token has expired due to inactivity.',
    'Invalid redirect_uri: https://app.example/callback?tenant=1&lang=de',
    'コードの有効期限が切れています',
    '100 % of <all> &amp; &#39;sundry&#39;',
  ])('hides no honest text: %s', (text) => {
    fc.assert(
      fc.property(fc.base64String({ minLength: 32, maxLength: 64 }), (secret) => {
        expect(redact(text, [secret, '', null, undefined])).toBe(text)
      }),
    )
  })

  it('any text gives one of 200 characters at most, fit for a terminal', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 600 }),
        fc.array(fc.string(), { maxLength: 3 }),
        (text, secrets) => {
          const shown = redact(text, secrets)
          expect(shown.length).toBeLessThanOrEqual(200)
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        },
      ),
    )
  })
})
