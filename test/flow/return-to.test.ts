import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sameOriginPath } from '../../src/flow/return-to.js'
import { anyText } from '../helpers/any-text.js'

const APP = 'https://app.example'

/** Where `location.assign(path)` leads, and where a router leads that decodes first. */
function origins(path: string): string[] {
  const readings = [path]
  try {
    readings.push(decodeURI(path), decodeURIComponent(path))
  } catch {
    // Not decodable: a router cannot either.
  }
  return readings.filter((reading) => URL.canParse(reading, APP)).map((reading) => new URL(reading, APP).origin)
}

function expectHarmless(path: string | undefined): void {
  if (path === undefined) return
  expect(path).toMatch(/^\/(?![/\\])/)
  expect(new Set(origins(path)), path).toEqual(new Set([APP]))
}

const REFUSED: readonly unknown[] = [
  // other origins
  'https://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'http://app.example/',
  'HTTPS://app.example/inbox',
  '//evil.example',
  '///evil.example',
  '////evil.example/inbox',
  '//evil.example@app.example',
  '//app.example/inbox',
  '//',
  'evil.example',
  '@evil.example',
  '.evil.example',
  ':443/inbox',
  // other schemes
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'blob:https://app.example/1',
  'vbscript:x',
  'about:blank',
  'com.example.app:/callback',
  // backslashes, which a browser reads as slashes
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\\/evil.example',
  '/inbox\\..\\..\\evil.example',
  '/a/..\\/evil.example',
  // what a browser removes before it reads
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r/evil.example',
  '/\r\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '\u0000//evil.example',
  '/\u0000/evil.example',
  '/inbox\u007f',
  '/inbox\r\nSet-Cookie: a=b',
  // dots that leave two slashes behind
  '/..//evil.example',
  '/.//evil.example',
  '/./.././/evil.example',
  '/a/..//evil.example',
  '/a/b/../..//evil.example',
  '/%2e//evil.example',
  '/%2e%2e//evil.example',
  '/.%2E//evil.example',
  '/a/%2e%2e//evil.example',
  // escapes that a router may decode once
  '%2f%2fevil.example',
  '%2Fevil.example',
  '/%2fevil.example',
  '/%2Fevil.example',
  '/%5cevil.example',
  '/%5C%5Cevil.example',
  '/%2f%2fevil.example',
  '/./%2fevil.example',
  '/a/../%5cevil.example',
  '/%09/evil.example',
  '/%0a/evil.example',
  '/%0D%5cevil.example',
  '/%09%2fevil.example',
  '/.%2f/evil.example',
  '/a/..%2f%2fevil.example',
  // no path at all
  '',
  ' ',
  'inbox',
  './inbox',
  '../inbox',
  '?next=/inbox',
  '#inbox',
  ' /inbox',
  // not even a text
  undefined,
  null,
  0,
  1,
  true,
  {},
  [],
  ['/inbox'],
  { toString: () => '/inbox' },
  new URL('https://app.example/inbox'),
  Symbol('/inbox'),
  () => '/inbox',
]

/** They look hostile, but lead nowhere else. */
const HARMLESS = [
  '/@evil.example',
  '/:@evil.example',
  '/https://evil.example',
  '/inbox//evil.example',
  '/?next=//evil.example',
  '/#//evil.example',
  '/javascript:alert(1)',
  '/..',
  '/../../etc/passwd',
  '/%252fevil.example',
  '/%252f%252fevil.example',
  '/\u2044evil.example',
  '/\u2215evil.example',
  '/\uff0fevil.example',
  '/\uff3cevil.example',
  '/\u3002evil.example',
  '/\u00a0/evil.example',
  '/\u2028/evil.example',
  '/\ufeff/evil.example',
  '/%zz',
  '/%',
  '/<script>',
  '/__proto__',
]

const UNCHANGED = [
  '/',
  '/inbox',
  '/inbox/',
  '/inbox/42?tab=mail&sort=-date#top',
  '/search?q=a%20b+c',
  '/search?q=%C3%A9&next=%2Finbox',
  '/files/a%2Fb',
  '/caf%C3%A9',
  '/#/hash/router',
  '/?',
  '/#',
  '/a//b',
  '/~ada/.well-known/x.json',
  '/inbox;v=1,2:3@4!$&()*=',
  `/${'a'.repeat(5000)}`,
]

describe('sameOriginPath', () => {
  it.each(REFUSED.map((value) => [typeof value === 'string' ? JSON.stringify(value) : typeof value, value]))(
    'refuses %s',
    (_, value) => {
      expect(sameOriginPath(value)).toBeUndefined()
    },
  )

  it.each(HARMLESS.map((value) => [JSON.stringify(value), value]))('keeps %s on the origin', (_, value) => {
    expect(sameOriginPath(value)).toBeDefined()
    expectHarmless(sameOriginPath(value))
  })

  it.each(UNCHANGED.map((value) => [value.slice(0, 50), value]))('leaves %s as it is', (_, value) => {
    expect(sameOriginPath(value)).toBe(value)
    expectHarmless(value)
  })

  it('normalises the rest as a browser would', () => {
    expect(sameOriginPath('/a/./b/../café?q=é')).toBe('/a/caf%C3%A9?q=%C3%A9')
  })

  it('is at most as long as the limit, as it goes into the URL', () => {
    expect(sameOriginPath(`/${'a'.repeat(9)}`, 10)).toBe('/aaaaaaaaa')
    expect(sameOriginPath(`/${'a'.repeat(10)}`, 10)).toBeUndefined()
    // Two characters, seven in the URL; and longer before its dots are resolved.
    expect(sameOriginPath('/é', 7)).toBe('/%C3%A9')
    expect(sameOriginPath('/é', 6)).toBeUndefined()
    expect(sameOriginPath('/inbox/../../..', 1)).toBe('/')
    for (const path of ['//evil.example', '/..//evil.example', '/%2fevil.example'])
      expect(sameOriginPath(path, 800), path).toBeUndefined()
  })

  it('says the same about what it gave back', () => {
    for (const path of [...HARMLESS, ...UNCHANGED].map(sameOriginPath)) expect(sameOriginPath(path)).toBe(path)
  })
})

describe('whatever it gives back stays on the origin', () => {
  const RUNS = { numRuns: 5000 }

  it('for any text', () => {
    fc.assert(
      fc.property(anyText(), (text) => expectHarmless(sameOriginPath(text))),
      RUNS,
    )
  })

  it('for any path', () => {
    fc.assert(
      fc.property(anyText(), (text) => expectHarmless(sameOriginPath(`/${text}`))),
      RUNS,
    )
  })

  it('for the pieces attacks are made of, in any order', () => {
    const pieces = ['/', '\\', '.', '..', '%2e', '%2f', '%5C', '%09', '%0a', '%25', '\t', '\n', '@', ':', '?', '#', 'x']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) =>
        expectHarmless(sameOriginPath(`/${parts.join('')}`)),
      ),
      RUNS,
    )
  })
})
