import { expect, it } from 'vitest'
import { createKnownSecrets } from '../../../src/audit/run/known-secrets.js'

const SECRET = 's3cret/of+the client=~ü'

function known(...secrets: string[]) {
  const all = createKnownSecrets()
  for (const secret of secrets) all.add(secret, '‹secret›')
  return all
}

it.each([
  ['as it is', (secret: string) => secret],
  ['percent-encoded', (secret: string) => encodeURIComponent(secret)],
  ['with small letters', (secret: string) => encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase())],
  ['in a form', (secret: string) => `${new URLSearchParams({ secret })}`.slice('secret='.length)],
])('cuts a secret %s', (_, encode) => {
  expect(known(SECRET).cut(`before ${encode(SECRET)} after ${encode(SECRET)}`)).toBe('before ‹secret› after ‹secret›')
})

it.each(['base64', 'base64url'] as const)('cuts a secret inside of %s, wherever it begins', (encoding) => {
  for (const before of ['', 'a', 'ab', 'abc', 'a-client:']) {
    const text = Buffer.from(`${before}${SECRET}${before}`).toString(encoding)
    const cut = known(SECRET).cut(text)
    expect(cut).toContain('‹secret›')
    // What may be left are the characters that the text around the secret has a part in: too few for more than 2 bytes of it.
    const left = cut.replace('‹secret›', '\n').split('\n')
    const lengths = Math.ceil((before.length + 2) * (4 / 3)) + 2
    for (const part of left) expect(part.length).toBeLessThanOrEqual(lengths)
  }
})

it('takes the longest of secrets that begin alike, and leaves short ones', () => {
  const secrets = known('abcdefgh', 'abcdefghijkl', 'short')
  expect(secrets.cut('abcdefghijklm abcdefgh short abcdefg')).toBe('‹secret›m ‹secret› short abcdefg')
})
