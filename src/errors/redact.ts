/** The texts to withhold in a server's text. */
export type Secrets = readonly (string | null | undefined)[]

/** A text with this many consecutive characters of a secret is withheld. */
const PART_LENGTH = 8
const MAX_TEXT_LENGTH = 200

/**
 * A server's text for display: without control, format (bidirectional) and line characters, cut to 200 characters;
 * `(withheld)` if it contains a secret.
 */
export function redact(text: string, secrets: Secrets = []): string {
  const shown = text
    .slice(0, 20 * MAX_TEXT_LENGTH)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, MAX_TEXT_LENGTH)
    // Half a character cannot be sent or encoded.
    .replace(/\p{Cs}$/u, '')
  return secretFinder(secrets)(shown) ? '(withheld)' : shown
}

/**
 * Makes a test for texts that contain one of these secrets, or eight consecutive characters of one; also with other
 * characters in between, in other case, percent-encoded, as HTML entities, with escapes of JSON or C, in hex, in base64, as
 * numbers, or in several of these at once. Making it takes time in proportion to the secrets, each test in proportion to the
 * text.
 */
export function secretFinder(secrets: Secrets): (text: string) => boolean {
  // The secret itself may look encoded.
  const forms = secrets.flatMap((secret) => (secret ? withLetters(plainReadings(secret)) : []))
  const short = forms.filter((form) => form && form.length < PART_LENGTH)
  const parts = new Set(forms.flatMap(partsOf))
  return (text) =>
    withLetters(readingsOf(text)).some(
      (reading) => short.some((form) => reading.includes(form)) || partsOf(reading).some((part) => parts.has(part)),
    )
}

/** The texts, and their letters and digits alone, so that separators and case do not matter. */
const withLetters = (texts: string[]): string[] => [...texts, ...texts.map(lettersOf)]

/** Letters and digits only, in lower case and without accents. */
const lettersOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()

const partsOf = (text: string): string[] =>
  Array.from({ length: text.length - PART_LENGTH + 1 }, (_, at) => text.slice(at, at + PART_LENGTH))

/** The text in all decodings: also what it contains in hex, in base64 or as numbers. */
function readingsOf(text: string): string[] {
  const plain = plainReadings(text)
  const bytes = plain.flatMap(bytesIn)
  return [...plain, ...[...bytes, ...bytes.map(fromUtf8)].flatMap(withDecoded)]
}

/** The text with and without whitespace, unchanged and decoded. */
const plainReadings = (text: string): string[] => [...new Set([text, text.replace(/\s+/g, '')].flatMap(withDecoded))]

const withDecoded = (text: string): string[] => [text, decoded(text)]

/** Without percent-encoding, HTML entities and JSON escapes, even if they were applied several times. */
function decoded(text: string, rounds = 8): string {
  const once = text
    .replace(/(?:%[\da-f]{2})+/gi, (bytes) => fromUtf8(bytes.replace(/%(..)/g, (_, byte) => character(`0x${byte}`))))
    .replace(/\\u\{([\da-f]+)\}|[\\%]u([\da-f]{4})|\\x([\da-f]{2})/gi, (_, any, four, two) =>
      character(`0x${any ?? four ?? two}`),
    )
    .replace(/&amp;/g, '&')
    .replace(/&#(\d+|x[\da-f]+);?/gi, (_, number) => character(`0${number}`))
    // A named entity becomes its base letter (`&uuml;` is `u`), or nothing (`&lt;`).
    .replace(/&(\w)(?:uml|acute|grave|circ|tilde|ring|cedil|slash|caron);|&\w{2,8};/g, '$1')
  return once === text || !rounds ? once : decoded(once, rounds - 1)
}

/** @param code a number as JavaScript writes it: `97`, `0x61`, `0o141` */
const character = (code: string) => String.fromCharCode(Number(code))

/** What the text contains as bytes, each one a character: in base64 or base64url, in hex, as decimal or octal numbers. */
function bytesIn(text: string): string[] {
  const base64 = text
    .replace(/[^\w+/-]/g, '')
    .replace(/-/g, '+')
    .replace(/_/g, '/')
  const hex = text.replace(/0x|[^\da-f]/gi, '')
  return [
    // At each alignment. The appended zero bits complete the last group.
    ...[0, 1, 2, 3].map((start) => `${base64}AAA`.slice(start).replace(/.{4}/g, (group) => atob(group))),
    ...[0, 1].map((start) => hex.slice(start).replace(/../g, (byte) => character(`0x${byte}`))),
    ...['', '0o'].map((prefix) => text.replace(/\D*(\d*)/g, (_, number) => number && character(prefix + number))),
  ]
}

/** Bytes, each one a character, as UTF-8. */
const fromUtf8 = (bytes: string): string =>
  new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
