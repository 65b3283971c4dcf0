import { beforeEach, describe, expect, it } from 'vitest'
import type { RecordLifetime, ServerSessionRecord, ServerSessionStore } from '../../src/server.js'
import { toText } from '../../src/session/session-state.js'
import { ADA } from '../helpers/tickets.js'
import { describeSessionStore } from './session-store.js'

export const LIFETIME: RecordLifetime = { idleMs: 600_000, absoluteMs: 3_600_000 }

/** A stored session of a user, as the session machine writes it. */
export const sessionText = (epoch: number, claims: object = {}, accessToken = 'access-1') =>
  toText({
    status: 'signed_in',
    epoch,
    signOutEpoch: 0,
    session: {
      id: 'session-1',
      session: {
        claims: { iss: 'https://as.example', sub: 'ada', sid: 's1', ...claims } as never,
        scope: 'openid',
        expiresAtMs: undefined,
        startedAtMs: Date.now(),
      },
      refresh: undefined,
      idToken: undefined,
      tokens: { '': { scope: 'openid', accessToken, expiresAtMs: undefined, receivedAtMs: 0, staleAtMs: undefined } },
    },
  })

interface StoreTraits {
  /** Its records are kept outside the cookie. */
  readonly central: boolean
  /** Another process that shares the store. */
  readonly another: (store: ServerSessionStore) => ServerSessionStore
}

/**
 * What every store of server sessions keeps: `src/server/session/server-session-store.ts`, as a suite. Each of its records
 * keeps the contract of session stores too.
 * @param create gives a fresh, empty store
 */
export function describeServerSessionStore(
  name: string,
  create: () => ServerSessionStore,
  { central, another }: StoreTraits,
): void {
  let record: ServerSessionRecord
  beforeEach(async () => {
    record = await create().create(LIFETIME)
  })
  describeSessionStore(name, () => record)

  describe(`the server session store contract: ${name}`, () => {
    let store: ServerSessionStore
    beforeEach(() => {
      store = create()
    })
    const open = async (cookie: string, from = store) => {
      const opened = await from.open(cookie, LIFETIME)
      if (!opened) throw new Error('not opened')
      return opened
    }

    it('opens a record by its cookie, also in another process', async () => {
      const created = await store.create(LIFETIME)
      const text = sessionText(1)
      expect(await created.replace(ADA, 0, text)).toBe(true)
      const cookie = await created.cookie()
      for (const from of [store, another(store)]) {
        const opened = await open(cookie, from)
        expect(opened.id).toBe(created.id)
        expect(await opened.read(ADA)).toEqual(text)
      }
    })

    it('gives each record another secret, and shows neither text nor secret in its id', async () => {
      const [one, two] = [await store.create(LIFETIME), await store.create(LIFETIME)]
      expect(one.id).not.toBe(two.id)
      await one.replace(ADA, 0, sessionText(1, {}, 'access-secret'))
      expect(await two.read(ADA)).toEqual({ epoch: 0, text: undefined })
      expect(await one.cookie()).not.toBe(await two.cookie())
      expect(await one.cookie()).not.toContain('access-secret')
      expect(await one.cookie()).not.toContain(one.id)
    })

    it.each([
      '',
      'x',
      `${'x'.repeat(42)}é`,
      'x'.repeat(43),
      '{}',
      '__proto__',
      'k1.',
      'k1.AAAA',
      '../../x',
      'a'.repeat(5000),
    ])('finds nothing under a cookie of somebody else’s making: %j', async (cookie) => {
      const opened = await store.open(cookie, LIFETIME)
      expect(await opened?.read(ADA)).toEqual(opened && { epoch: 0, text: undefined })
    })

    it('forms cookies of characters that cookies may have', async () => {
      const created = await store.create(LIFETIME)
      await created.replace(ADA, 0, sessionText(1, { name: 'Zoë; "\\,\u2028' }))
      expect(await created.cookie()).toMatch(/^[\w.-]+$/)
    })

    if (!central) {
      it('has no back-channel logout, and says so', () => {
        expect(store.endSessions).toBeUndefined()
      })
      return
    }

    const which = { issuer: 'https://as.example', subject: 'ada', sessionId: undefined }

    it.each([
      ['the session of a sid', { ...which, subject: undefined, sessionId: 's1' }, ['one']],
      ['the session of a sid, also with its sub', { ...which, sessionId: 's1' }, ['one']],
      ['all sessions of a sub', which, ['one', 'two']],
      ['none of another issuer', { ...which, issuer: 'https://evil.example' }, []],
      ['none of another user', { ...which, subject: 'bob' }, []],
    ])('ends by a logout token: %s', async (_, ended, expected) => {
      const [one, two] = [await store.create(LIFETIME), await store.create(LIFETIME)]
      await one.replace(ADA, 0, sessionText(1))
      await two.replace(ADA, 0, sessionText(1, { sid: 's2' }))
      await another(store).endSessions!(ended)
      const texts = { one: (await one.read(ADA)).text, two: (await two.read(ADA)).text }
      expect(Object.entries(texts).flatMap(([name, text]) => (text?.includes('access-1') ? [] : [name]))).toEqual(
        expected,
      )
    })

    it('refuses what began before a back-channel logout', async () => {
      const created = await store.create(LIFETIME)
      await created.replace(ADA, 0, sessionText(1))
      await store.endSessions!(which)
      expect(await created.replace(ADA, 1, sessionText(2))).toBe(false)
      expect((await created.read(ADA)).epoch).toBe(2)
    })

    it('gives what a back-channel logout has ended to one request, once', async () => {
      const created = await store.create(LIFETIME)
      const text = sessionText(1)
      await created.replace(ADA, 0, text)
      expect(await created.takeEnded?.(ADA)).toBeUndefined()
      expect(await created.read(ADA)).toEqual(text)
      await store.endSessions!(which)
      await store.endSessions!(which)
      const cookie = await created.cookie()
      const records = [created, await open(cookie), await open(cookie, another(store))]
      const taken = await Promise.all(records.map((one) => one.takeEnded?.(ADA)))
      expect(taken.filter((one) => one !== undefined)).toEqual([text.text])
    })
  })
}
