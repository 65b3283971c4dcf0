/**
 * Looks for a secret (ASCII, 12 characters or more) in whatever was stored, in every form it could lie there.
 * @returns the names of the forms found
 */
export function tracesOf(secret: string, stored: unknown): string[] {
  const haystack = [...texts(stored)].join('\n')
  return Object.entries(spellings(secret))
    .filter(([, spelling]) => haystack.includes(spelling))
    .map(([name]) => name)
}

function spellings(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret)
  const forms: Record<string, string> = {
    plain: secret,
    JSON: JSON.stringify(secret).slice(1, -1),
    percent: encodeURIComponent(secret),
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    'UTF-16': Buffer.from(secret, 'utf16le').toString('latin1'),
    reversed: [...secret].reverse().join(''),
  }
  // Inside a longer text the same bytes have three spellings in base64; the ends depend on the neighbours.
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
    forms[`base64, offset ${offset}`] = shifted.toString('base64').slice(4, -4)
    forms[`base64url, offset ${offset}`] = shifted.toString('base64url').slice(4, -4)
  }
  return forms
}

/** Every text and every byte in a value, bytes as Latin-1. A CryptoKey shows what a script can read of it. */
function* texts(value: unknown): Generator<string> {
  if (value instanceof CryptoKey) {
    const { type, extractable, algorithm, usages } = value
    yield JSON.stringify({ type, extractable, algorithm, usages })
  } else if (ArrayBuffer.isView(value)) {
    yield Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  } else if (value instanceof ArrayBuffer) {
    yield Buffer.from(value).toString('latin1')
  } else if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    for (const part of value) yield* texts(part)
  } else if (typeof value === 'object' && value !== null) {
    for (const pair of Object.entries(value)) yield* texts(pair)
  } else {
    yield String(value)
  }
}
