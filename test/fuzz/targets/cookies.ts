import fc from 'fast-check'
import { createCookieJar } from '../../../src/server/edge/cookies.js'
import { asHeaderText, hostileText, WHITE_SPACE } from '../arbitraries.js'
import { fuzzTarget } from '../target.js'
import { must, verdict } from '../verdict.js'

const NAME = `__Host-Http-proofkey.1700000000000${'a'.repeat(43)}`
const OURS = [
  NAME,
  '__Host-Http-proofkey.1',
  '__Host-Http-proofkey.',
  '__host-http-proofkey.1',
  '__Host-Http-',
  'session',
]

const blank = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(...WHITE_SPACE) },
)
const around = (text: fc.Arbitrary<string>) => fc.tuple(blank, text, blank).map((parts) => parts.join(''))
const name = around(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...OURS) }, { weight: 1, arbitrary: hostileText }))
const value = around(fc.oneof(fc.stringMatching(/^[\w.-]{0,20}$/), fc.constantFrom('"a"', 'a=b', '=', ''), hostileText))
const pair = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(name, value).map((parts) => parts.join('=')) },
  { weight: 1, arbitrary: hostileText },
)
const header = fc.tuple(fc.array(pair, { maxLength: 8 }), fc.constantFrom('; ', ';', ' ;', ';;', '; \t'))

/** RFC 6265 §5.4 as a browser writes it: pairs between `;`, with SP and HTAB around them and nothing else. */
const written = (text: string) =>
  text.split(';').map((pair) => {
    const bare = pair.replace(/^[ \t]+|[ \t]+$/g, '')
    const at = bare.indexOf('=')
    return at < 0 ? [bare, ''] : [bare.slice(0, at).replace(/[ \t]+$/, ''), bare.slice(at + 1).replace(/^[ \t]+/, '')]
  })

const CLEAN = /^(?:[\w.-]+=[\w.-]*)?(?:; [\w.-]+=[\w.-]*)*$/

export const cookies = fuzzTarget({
  name: 'cookies',
  arbitrary: header.map(([pairs, separator]) => asHeaderText(pairs.join(separator))),
  async property(text) {
    const jar = createCookieJar(text, { sameSite: 'Lax' })
    const pairs = written(text)
    const named = (wanted: string) => pairs.filter(([name]) => name === wanted)
    for (const wanted of [NAME, ...jar.names()]) {
      const found = jar.get(wanted)
      if (!wanted.startsWith('__Host-')) continue
      const [only, another] = named(wanted)
      if (found !== undefined)
        must(only && !another && only[1] === found, 'not the one cookie that came', wanted, found)
      else if (CLEAN.test(text)) must(!only || another, 'lost an honest cookie', wanted)
    }
    const set = await verdict(() => jar.set(NAME, 'value', 600))
    if ('given' in set) must(jar.get(NAME) === 'value', 'forgot what was set')
    for (const name of jar.names()) if (name.startsWith('__Host-Http-proofkey.')) jar.delete(name)
    for (const change of jar.changes())
      must(/^[\x21-\x7e]+=[\x21-\x7e]*(; [\x20-\x7e]+)*$/.test(change), 'no Set-Cookie', change)
  },
})
