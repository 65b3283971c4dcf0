import { inspect } from 'node:util'

const utf8 = (text: string) => [...Buffer.from(text)]
const each = (text: string, write: (code: number, character: string) => string) =>
  [...text].map((character) => write(character.codePointAt(0) ?? 0, character)).join('')
const hex = (code: number, digits = 2) => code.toString(16).padStart(digits, '0')
const percent = (text: string) =>
  utf8(text)
    .map((byte) => `%${hex(byte)}`)
    .join('')
const NAMED: Record<string, string> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  '%': 'percnt',
  '+': 'plus',
  '/': 'sol',
  ':': 'colon',
  '-': 'hyphen',
  _: 'lowbar',
  ü: 'uuml',
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** How a server can repeat a secret: each of these can be read back by whoever sees it. */
export const ECHOES: Record<string, (secret: string) => string> = {
  raw: (secret) => secret,
  'in upper case': (secret) => secret.toUpperCase(),
  'as a form writes it': (secret) => `${new URLSearchParams({ secret })}`,
  'percent-encoded where it must be': encodeURIComponent,
  'percent-encoded, lower case': percent,
  'percent-encoded, upper case': (secret) => percent(secret).toUpperCase(),
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'percent-encoded three times': (secret) => encodeURIComponent(encodeURIComponent(encodeURIComponent(secret))),
  'as decimal HTML entities': (secret) => each(secret, (code) => `&#${code};`),
  'as decimal HTML entities without semicolons': (secret) => each(secret, (code) => `&#${code} `),
  'as hex HTML entities': (secret) => each(secret, (code) => `&#x${hex(code)};`),
  'as padded hex HTML entities': (secret) => each(secret, (code) => `&#X${hex(code, 6).toUpperCase()};`),
  'as named HTML entities': (secret) =>
    each(secret, (_, character) => (NAMED[character] ? `&${NAMED[character]};` : character)),
  'as HTML in HTML': (secret) => each(secret, (code) => `&amp;#${code};`),
  'as JSON': (secret) => JSON.stringify(secret).slice(1, -1),
  'as JSON with escaped slashes': (secret) => JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
  'as JSON escapes': (secret) => each(secret, (code) => `\\u${hex(code, 4)}`),
  'as JSON in JSON': (secret) => each(secret, (code) => `\\\\u${hex(code, 4)}`),
  'as script escapes': (secret) => each(secret, (code) => (code < 256 ? `\\x${hex(code)}` : `\\u{${hex(code)}}`)),
  'in base64': base64,
  'in base64url': (secret) => Buffer.from(secret).toString('base64url'),
  'in base64 behind a word': (secret) => `key_${base64(`secret is ${secret}`)}`,
  'in base64 behind another': (secret) => `of${base64('name:')}.${base64(secret)}`,
  'in base64 with line breaks': (secret) => base64(secret).replace(/.{4}/g, '$&\r\n'),
  'in base64, percent-encoded': (secret) => encodeURIComponent(base64(secret)),
  'percent-encoded, in base64': (secret) => base64(percent(secret)),
  'in hex': (secret) => Buffer.from(secret).toString('hex'),
  'in hex behind another digit': (secret) => `a${Buffer.from(secret).toString('hex')}`,
  'in hex, byte by byte': (secret) =>
    utf8(secret)
      .map((byte) => `0x${hex(byte)}`)
      .join(', '),
  'as octal escapes': (secret) =>
    utf8(secret)
      .map((byte) => `\\${byte.toString(8)}`)
      .join(''),
  'as a buffer in JSON': (secret) => JSON.stringify(Buffer.from(secret)),
  'as escapes of ASP': (secret) => each(secret, (code) => `%u${hex(code, 4)}`),
  'its first 15 characters': (secret) => `${[...secret].slice(0, 15).join('')}…`,
  'with dashes strewn in': (secret) => [...secret].join('-'),
  'with spaces strewn in': (secret) => [...secret].join(' '),
  'with control characters strewn in': (secret) => [...secret].join('\u0007'),
  'with characters of no width strewn in': (secret) => [...secret].join('\u200b'),
  'percent-encoded, with line breaks strewn in': (secret) => [...percent(secret)].join('\n'),
  'behind 3000 control characters': (secret) => '\u0007'.repeat(3000) + secret,
  'in full width': (secret) =>
    each(secret, (code, character) => (code > 32 && code < 127 ? String.fromCodePoint(code + 0xfee0) : character)),
}

/** All that a log, a console, a debugger and a JSON writer show of these values. */
export const everythingOf = (...values: unknown[]): string =>
  [
    ...values.flatMap((value) =>
      value instanceof Error ? [value.message, String(value), value.stack, JSON.stringify(value)] : [],
    ),
    inspect(values, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null }),
    JSON.stringify(values),
  ].join('\n')
