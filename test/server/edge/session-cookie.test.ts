import { describe, expect, it } from 'vitest'
import { MAX_COOKIE_HEADER_BYTES } from '../../../src/limits.js'
import { createCookieJar } from '../../../src/server/edge/cookies.js'
import { headBytes } from '../../../src/server/edge/response-head.js'
import { readSessionCookie, writeSessionCookie } from '../../../src/server/edge/session-cookie.js'
import { refusal } from '../../helpers/refusal.js'

const NAME = '__Host-Http-proofkey-session'
const ANY_HEAD = 100_000
/** What a cookie holds beside its name: browsers refuse more than 4096 bytes of both. */
const ONE = 4000 - NAME.length

const jarOf = (header: string | null) => createCookieJar(header, { sameSite: 'None' })
const textOf = (length: number) => Array.from({ length }, (_, at) => String.fromCharCode(97 + (at % 26))).join('')

/** The `Cookie` header that a browser sends after these changes. */
function headerAfter(header: string | null, changes: readonly string[]): string {
  const cookies = new Map((header?.split('; ') ?? []).map((pair) => pair.split('=') as [string, string]))
  for (const change of changes) {
    const [name, value] = change.split(';')[0]!.split('=') as [string, string]
    if (change.includes('Max-Age=0;')) cookies.delete(name)
    else cookies.set(name, value)
  }
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

describe('the session cookie', () => {
  it.each([
    ['none', null, undefined],
    ['of another name', 'session=a', undefined],
    ['empty', `${NAME}=`, undefined],
    ['in one cookie', `a=1; ${NAME}=whole; b=2`, 'whole'],
    ['in one cookie, before chunks', `${NAME}.0=part; ${NAME}=whole`, 'whole'],
    ['deleted, before chunks', `${NAME}.0=part; ${NAME}=`, undefined],
    ['in one chunk', `${NAME}.0=a`, 'a'],
    ['in chunks, in any order', `${NAME}.1=b; ${NAME}.3=d; ${NAME}.0=a; ${NAME}.2=c`, 'abcd'],
    ['in more chunks than are written', `${[0, 1, 2, 3, 4].map((n) => `${NAME}.${n}=${n}`).join('; ')}`, '0123'],
    ['in chunks with a gap: what stands before it', `${NAME}.0=a; ${NAME}.2=c`, 'a'],
    ['in chunks without the first', `${NAME}.1=b`, undefined],
  ])('is read: %s', (_, header, value) => {
    expect(readSessionCookie(jarOf(header))).toBe(value)
  })

  it.each([
    [1, ['']],
    [ONE, ['']],
    [ONE + 1, ['.0', '.1']],
    [MAX_COOKIE_HEADER_BYTES - 200, ['.0', '.1']],
  ])('of %i bytes is set in one cookie or in chunks, and comes back', (length, suffixes) => {
    const jar = jarOf(null)
    const value = textOf(length)
    writeSessionCookie(jar, value, 60, ANY_HEAD)
    const changes = jar.changes()
    expect(changes.map((change) => change.split('=')[0])).toEqual(suffixes.map((suffix) => NAME + suffix))
    for (const change of changes) {
      const [pair, attributes] = [change.slice(0, change.indexOf(';')), change.slice(change.indexOf(';'))]
      expect(pair.length).toBeLessThanOrEqual(4096)
      expect(attributes).toBe('; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax')
    }
    expect(readSessionCookie(jarOf(headerAfter(null, changes)))).toBe(value)
  })

  it.each([
    ['one cookie', `${NAME}=old`, [NAME]],
    ['chunks', `${NAME}.0=a; ${NAME}.1=b; ${NAME}.3=d`, [`${NAME}.0`, `${NAME}.1`, `${NAME}.3`]],
    ['nothing', 'a=1', []],
  ])('is deleted where there was %s, and nothing else is', (_, header, names) => {
    const jar = jarOf(header)
    writeSessionCookie(jar, undefined, 60, ANY_HEAD)
    expect(jar.changes()).toEqual(names.map((name) => `${name}=; Path=/; Max-Age=0; HttpOnly; Secure`))
    expect(readSessionCookie(jar)).toBeUndefined()
  })

  it.each([
    ['longer', `${NAME}=old`, textOf(ONE + 10)],
    ['shorter', `${NAME}.0=${textOf(ONE)}; ${NAME}.1=old`, 'new'],
    ['as long', `${NAME}=old`, 'new'],
  ])('leaves nothing of the old value where the new one is %s', (_, header, value) => {
    const jar = jarOf(header)
    writeSessionCookie(jar, value, 60, ANY_HEAD)
    const after = headerAfter(header, jar.changes())
    expect(readSessionCookie(jarOf(after))).toBe(value)
    expect(
      after
        .replaceAll(/=[^;]*/g, '')
        .split('; ')
        .sort(),
    ).toEqual(value.length > ONE ? [`${NAME}.0`, `${NAME}.1`] : [NAME])
  })

  it('takes the room of what it replaces', () => {
    const header = `app=${textOf(MAX_COOKIE_HEADER_BYTES - 3900)}; ${NAME}=${textOf(3800)}`
    const jar = jarOf(header)
    writeSessionCookie(jar, textOf(3801), 60, ANY_HEAD)
    expect(readSessionCookie(jar)).toHaveLength(3801)
  })
})

describe('a session that is too large', () => {
  const old = `a=1; ${NAME}=old`

  it('for the head of a response is refused, and the old one is deleted', async () => {
    const jar = jarOf(old)
    const value = textOf(2000)
    const error = await refusal(() => writeSessionCookie(jar, value, 60, 2000), 'storage_full')
    expect(error.message).toMatch(/^The session needs \d{4} bytes of cookies; the limit is 2000, because /)
    expect(error.hint).toContain('redisSessions')
    expect(error.hint).toContain('maxHeadBytes')
    expect(jar.changes()).toEqual([`${NAME}=; Path=/; Max-Age=0; HttpOnly; Secure`])
    expect(jar.get('a')).toBe('1')
  })

  it('is measured with all that stands in the head', async () => {
    const jar = jarOf(null)
    writeSessionCookie(jar, 'value', 1_000_000, ANY_HEAD)
    const bytes = headBytes(new Headers(jar.changes().map((change): [string, string] => ['set-cookie', change])))
    writeSessionCookie(jarOf(null), 'value', 1_000_000, bytes)
    const error = await refusal(() => writeSessionCookie(jarOf(null), 'value', 1, bytes - 1), 'storage_full')
    expect(error.message).toContain(` ${bytes} bytes `)
  })

  it('for four chunks is refused, however much a head may have', async () => {
    const jar = jarOf(old)
    const error = await refusal(() => writeSessionCookie(jar, textOf(4 * ONE + 1), 60, ANY_HEAD), 'storage_full')
    expect(error.message).not.toContain('other cookies')
    expect(readSessionCookie(jarOf(headerAfter(old, jar.changes())))).toBeUndefined()
  })

  it('beside other cookies is refused, and nothing of it or of the old one stays', async () => {
    const header = `app=${textOf(MAX_COOKIE_HEADER_BYTES - 5000)}; ${NAME}.0=a; ${NAME}.1=b`
    const jar = jarOf(header)
    const error = await refusal(() => writeSessionCookie(jar, textOf(ONE + 1500), 60, ANY_HEAD), 'storage_full')
    expect(error.message).toMatch(
      new RegExp(
        `^The session needs \\d{4} bytes of cookies; with the other cookies the limit is ${MAX_COOKIE_HEADER_BYTES}, `,
      ),
    )
    expect(headerAfter(header, jar.changes()).replaceAll(/=[^;]*/g, '')).toBe('app')
  })

  it('hides no other failure', () => {
    const failing = {
      ...jarOf(null),
      set: () => {
        throw new TypeError('not ours')
      },
    }
    expect(() => writeSessionCookie(failing, 'value', 60, ANY_HEAD)).toThrow(new TypeError('not ours'))
  })
})
