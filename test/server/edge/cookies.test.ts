import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../../src/events.js'
import { MAX_COOKIE_HEADER_BYTES } from '../../../src/limits.js'
import { createCookieJar } from '../../../src/server/edge/cookies.js'
import { refusal } from '../../helpers/refusal.js'
import { parseTrimming } from '../../helpers/trimming-cookies.js'

const PREFIX = '__Host-Http-proofkey.'
const nameAt = (expiresAtMs: number, letter = 'a') => PREFIX + expiresAtMs + letter.repeat(43)
const OWN = nameAt(Date.now() + 600_000)

function open(header: string | null) {
  const events: (EventBody & { transaction?: string | undefined })[] = []
  const report = (event: EventBody, transaction?: string) => events.push({ ...event, transaction })
  return { jar: createCookieJar(header, { sameSite: 'Lax', report }), events }
}

describe('a Cookie header', () => {
  it.each([
    ['as a browser writes it', `a=1; ${OWN}=v; b=2`],
    ['with tabs and many spaces', `a=1;\t  ${OWN}\t= v \t;b=2`],
    ['with no spaces', `a=1;${OWN}=v`],
    ['with names and values of the app that RFC 6265 does not know', `a b=1; c="x y"; {"d"}; =e; ;; ${OWN}=v; é=ü`],
    ['with two of a name of the app', `a=1; a=2; ${OWN}=v`],
  ])('%s is read, and nothing is told', (_, header) => {
    const { jar, events } = open(header)
    expect(jar.get(OWN)).toBe('v')
    expect(events).toEqual([])
  })

  it.each([
    ['U+00A0 before the name', `\u00a0${OWN}=v`, 'name'],
    ['U+00A0 before the name, its octets read as Latin-1', `\u00c2\u00a0${OWN}=v`, 'name'],
    ['U+00A0 after the name', `${OWN}\u00a0=v`, 'name'],
    ['a byte order mark', `\ufeff${OWN}=v`, 'name'],
    ['an ideographic space', `\u3000${OWN}=v`, 'name'],
    ['a form feed', `\f${OWN}=v`, 'name'],
    ['a line feed', `\n${OWN}=v`, 'name'],
    ['a NUL', `\0${OWN}=v`, 'name'],
    ['a character before it', `x${OWN}=v`, 'name'],
    ['a character after it', `${OWN}x=v`, 'name'],
    ['a character between prefix and time', `${PREFIX}x${OWN.slice(PREFIX.length)}=v`, 'name'],
    ['an underscore less', `${OWN.slice(1)}=v`, 'name'],
    ['another case', `${OWN.toLowerCase()}=v`, 'name'],
    ['no name', `=${OWN}=v`, 'name'],
    ['no equals sign', OWN, 'name'],
    ['a quote in the value', `${OWN}="v"`, 'value'],
    ['a comma in the value', `${OWN}=v,w`, 'value'],
    ['a space in the value', `${OWN}=v w`, 'value'],
    ['U+00A0 in the value', `${OWN}=\u00a0v`, 'value'],
    ['a backslash in the value', `${OWN}=v\\w`, 'value'],
    ['two of one name', `${OWN}=v; ${OWN}=w`, 'duplicate'],
    ['two of one name and value', `${OWN}=v; ${OWN}=v`, 'duplicate'],
    ['three of one name, one of them malformed', `${OWN}="v"; ${OWN}=v; a=1; ${OWN}=v`, 'duplicate'],
  ])('with %s gives nothing of ours, and it is told', (_, header, reason) => {
    const { jar, events } = open(`before=1; ${header}; after=2`)
    expect(jar.get(OWN)).toBeUndefined()
    expect(events).toContainEqual({ type: 'cookie_refused', reason, transaction: undefined })
    expect(JSON.stringify(events)).not.toContain(OWN)
    expect([jar.get('before'), jar.get('after')]).toEqual(['1', '2'])
  })

  it('gives no cookie whose name is no token, whoever set it', () => {
    const { jar, events } = open('a b=1; c=2; d\u00e9=3; \u00e9e=4; =5; f')
    expect(jar.names()).toEqual(['c'])
    expect(events).toEqual([])
  })

  it('is read the same where nobody wants to be told', () => {
    const jar = createCookieJar(`${OWN}="v"; ${OWN}x=v; c=1`, { sameSite: 'Lax' })
    expect(jar.names()).toEqual([`${OWN}x`, 'c'])
  })

  it('would have given the attacker’s cookie where names are trimmed', () => {
    for (const before of ['\u00a0', '\ufeff', '\u3000', '\f']) {
      expect(parseTrimming(`${before}${OWN}=attacker`).get(OWN)).toBe('attacker')
    }
  })

  const octet = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 12,
  })
  const wild = fc.oneof(
    octet,
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(OWN, `${OWN}=w`, ';', '=', ' '),
  )

  it('gives ours only where some pair is ours to the octet, whatever is around it', () => {
    fc.assert(
      fc.property(fc.array(wild, { maxLength: 8 }), (parts) => {
        const header = parts.join('')
        const { jar } = open(header)
        const exact = header.split(';').filter((pair) => new RegExp(`^[ \\t]*${OWN}[ \\t]*=`).test(pair))
        if (jar.get(OWN) !== undefined) expect(exact).toHaveLength(1)
      }),
      { numRuns: 3000 },
    )
  })

  it('gives back what it set, with any cookies of the app beside it', () => {
    const token = fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,20}$/)
    const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,40}$/)
    fc.assert(
      fc.property(fc.dictionary(token, value, { maxKeys: 6 }), value, (others, own) => {
        const pairs = [...Object.entries(others), [OWN, own]].map(([name, text]) => `${name}=${text}`)
        const { jar, events } = open(pairs.join('; '))
        expect(jar.get(OWN)).toBe(own)
        for (const [name, text] of Object.entries(others)) expect(jar.get(name)).toBe(text)
        expect(events).toEqual([])
      }),
    )
  })
})

describe('a cookie that is deleted', () => {
  it('is gone, and so is one that the browser did not send', () => {
    const { jar } = open(`${OWN}=v; a=1`)
    jar.delete(OWN)
    jar.delete('b')
    expect([jar.get(OWN), jar.names()]).toEqual([undefined, ['a']])
    expect(jar.changes()).toEqual([OWN, 'b'].map((name) => `${name}=; Path=/; Max-Age=0; HttpOnly; Secure`))
  })
})

describe('the budget of the Cookie header', () => {
  const soon = Date.now() + 600_000
  const waiting = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, n) => `${nameAt(soon + n)}=${'v'.repeat(bytes)}`)
  const kept = (jar: ReturnType<typeof open>['jar']) => jar.names().filter((name) => name.startsWith(PREFIX))

  it('counts the app’s cookies: sign-ins that expire first give way, and it is told', () => {
    const { jar, events } = open([`session=${'s'.repeat(2300)}`, ...waiting(3, 1700)].join('; '))
    jar.set(nameAt(soon + 9), 'v'.repeat(1700), 600)
    expect(kept(jar)).toEqual([nameAt(soon + 2), nameAt(soon + 9)])
    expect(events).toEqual(
      [0, 1].map((n) => ({
        type: 'transaction_dropped',
        reason: 'cookies',
        transaction: nameAt(soon + n).slice(PREFIX.length),
      })),
    )
    expect(jar.changes().filter((change) => change.includes('Max-Age=0'))).toHaveLength(2)
    expect(jar.get('session')).toHaveLength(2300)
  })

  it('counts cookies that it does not read', () => {
    const { jar } = open([`a b=${'s'.repeat(2300)}`, `\u00e9=${'s'.repeat(1000)}`, ...waiting(2, 1700)].join('; '))
    jar.set(nameAt(soon + 9), 'v'.repeat(1700), 600)
    expect(kept(jar)).toEqual([nameAt(soon + 1), nameAt(soon + 9)])
  })

  it('tells nothing of those that have expired', () => {
    const { jar, events } = open([...waiting(4, 10), `${nameAt(Date.now() - 1)}=v`].join('; '))
    jar.set(nameAt(soon + 9), 'v', 600)
    expect(kept(jar)).toHaveLength(5)
    expect(events).toEqual([])
  })

  it('refuses a sign-in rather than lock the browser out of the origin', async () => {
    const { jar, events } = open([`session=${'s'.repeat(6000)}`, ...waiting(1, 1000)].join('; '))
    const error = await refusal(() => jar.set(nameAt(soon + 9), 'v'.repeat(1700), 600), 'storage_full')
    expect(error.message).toContain(`${MAX_COOKIE_HEADER_BYTES}`)
    expect(error.hint).toContain('redisVault')
    // Nobody gives way for nothing.
    expect([kept(jar), jar.changes(), events]).toEqual([[nameAt(soon)], [], []])
  })

  const FREE = MAX_COOKIE_HEADER_BYTES - 'a='.length
  /** A cookie with its separator takes `bytes` of the header. */
  const valueFor = (name: string, bytes: number) => 'v'.repeat(bytes - name.length - 3)

  it.each([
    ['no header', null, MAX_COOKIE_HEADER_BYTES],
    ['a cookie of the app', `a=${'s'.repeat(FREE - 3000)}`, 3000],
  ])('is used up to its last byte, after %s', async (_, header, room) => {
    const name = nameAt(soon)
    open(header).jar.set(name, valueFor(name, room), 600)
    await refusal(() => open(header).jar.set(name, valueFor(name, room + 1), 600), 'storage_full')
  })

  it('lets none give way where the last byte is enough', () => {
    const [first, second] = [nameAt(soon), nameAt(soon + 1)]
    const header = `${first}=${valueFor(first, 3001)}`
    const fits = open(header)
    fits.jar.set(second, valueFor(second, MAX_COOKIE_HEADER_BYTES - header.length), 600)
    expect(kept(fits.jar)).toEqual([first, second])
    const over = open(header)
    over.jar.set(second, valueFor(second, MAX_COOKIE_HEADER_BYTES - header.length + 1), 600)
    expect(kept(over.jar)).toEqual([second])
  })

  it('counts a cookie that is set again once', () => {
    const { jar, events } = open(null)
    const [first, second] = [nameAt(soon), nameAt(soon + 1)]
    for (let count = 0; count < 5; count++) jar.set(first, valueFor(first, 3000), 600)
    jar.set(second, valueFor(second, MAX_COOKIE_HEADER_BYTES - 3000), 600)
    expect(kept(jar)).toEqual([first, second])
    jar.delete(second)
    jar.set(first, valueFor(first, MAX_COOKIE_HEADER_BYTES), 600)
    expect([kept(jar), events]).toEqual([[first], []])
  })

  it('is kept where nobody wants to be told', () => {
    const jar = createCookieJar(waiting(5, 10).join('; '), { sameSite: 'Lax' })
    jar.set(nameAt(soon + 9), 'v', 600)
    expect(kept(jar)).toEqual([1, 2, 3, 4, 9].map((n) => nameAt(soon + n)))
  })

  it('has room for one of five that is set again', () => {
    const { jar, events } = open(waiting(5, 10).join('; '))
    jar.set(nameAt(soon + 2), 'new', 600)
    expect([kept(jar).length, jar.get(nameAt(soon + 2)), events]).toEqual([5, 'new', []])
  })

  it('holds whatever comes', () => {
    const bytes = fc.integer({ min: 0, max: 2400 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.array(bytes, { maxLength: 12 }), (own, sizes) => {
        let header = `session=${'s'.repeat(own)}`
        sizes.forEach((size, n) => {
          const { jar } = open(header)
          jar.set(nameAt(soon + n), 'v'.repeat(size), 600)
          header = jar
            .names()
            .map((name) => `${name}=${jar.get(name)}`)
            .join('; ')
          expect(header.length).toBeLessThanOrEqual(MAX_COOKIE_HEADER_BYTES)
          expect(kept(jar).length).toBeLessThanOrEqual(5)
          expect(jar.get(nameAt(soon + n))).toHaveLength(size)
        })
      }),
    )
  })
})
