/** What attacks are made of, as grammars: most inputs are nearly right, which is where parsers disagree. */
import fc from 'fast-check'
import { anyText } from '../helpers/any-text.js'

/** White space and invisible characters that some parsers strip and others keep. */
export const WHITE_SPACE = [' ', '\t', '\n', '\r', '\v', '\f', '\u0000', '\u001f', '\u007f', '\u0085', '\u00a0'].concat(
  ['\u1680', '\u2003', '\u200b', '\u2028', '\u2029', '\u202e', '\u3000', '\ufeff', '\u00ad'],
)

/** Characters with a meaning somewhere, plain, escaped once, and escaped twice. */
const DELIMITERS = [
  '/',
  '\\',
  '.',
  '..',
  ':',
  '@',
  '?',
  '#',
  '&',
  '=',
  ';',
  ',',
  '%',
  '+',
  '"',
  "'",
  '<',
  '|',
  '{',
  '[',
]
const ESCAPED = [
  '%2f',
  '%2F',
  '%5c',
  '%2e',
  '%09',
  '%0a',
  '%0D%0A',
  '%00',
  '%20',
  '%23',
  '%26',
  '%3d',
  '%3f',
  '%40',
  '%3b',
]
const ESCAPED_TWICE = [
  '%252f',
  '%255c',
  '%252e',
  '%2500',
  '%2526',
  '%253d',
  '%25252f',
  '%u002f',
  '%',
  '%2',
  '%zz',
  '%c0%af',
]

/** Characters that look like another, or become another by normalisation. */
const LOOK_ALIKES = [
  '\uff0f',
  '\uff3c',
  '\u2044',
  '\u2215',
  '\u3002',
  '\uff0e',
  '\u212a',
  '\u017f',
  '\u0130',
  'é',
  'e\u0301',
]
const BROKEN_UNICODE = ['\ud800', '\udfff', '\ufffd', '𝓏', '\uffff']

export const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON']

export const HOSTS = [
  'app.example',
  'evil.example',
  'app.example.',
  'APP.example',
  'app.example:443',
  'app.example:99999',
]
  .concat(['app.example@evil.example', 'evil.example#.app.example', 'xn--a', 'xn--80ak6aa92e.com', 'аpp.example'])
  .concat([
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '999.999.999.999',
    '[::1]',
    '[::1::2]',
    '[::ffff:127.0.0.1]',
    'localhost',
  ])
  .concat([
    '',
    ' ',
    'a b',
    'app.example/evil',
    'app.example?x',
    'app_example',
    '-',
    '..',
    'a..b',
    'app.example:',
    ':80',
  ])

export const piece: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...DELIMITERS) },
  { weight: 2, arbitrary: fc.constantFrom(...ESCAPED, ...ESCAPED_TWICE) },
  { weight: 2, arbitrary: fc.constantFrom(...WHITE_SPACE) },
  { weight: 1, arbitrary: fc.constantFrom(...LOOK_ALIKES, ...BROKEN_UNICODE, ...PROTOTYPE_KEYS) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTS) },
  { weight: 2, arbitrary: fc.string({ maxLength: 6 }) },
  { weight: 1, arbitrary: anyText(6) },
)

/** A text around known ones: pieces before, between and after. */
export const around = (...known: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(known.length ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, piece) : piece, {
      maxLength: 6,
    })
    .map((parts) => parts.join(''))

/** A short text, seldom a very long one. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 60, arbitrary: around() },
  {
    weight: 1,
    arbitrary: fc.tuple(piece, fc.integer({ min: 100, max: 20_000 })).map(([text, times]) => text.repeat(times)),
  },
)

/** Latin-1, as Node hands a header on: the octets of an UTF-8 text, or those of the text itself. */
export const asHeaderText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
