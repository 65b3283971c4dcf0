import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/vault/session-store.js'
import { anyText } from '../helpers/any-text.js'
import { textIn, writeText as write } from '../helpers/session-app.js'
import { ADA, BOB } from '../helpers/tickets.js'
import { tracesOf } from '../helpers/traces.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

const secret = 'refresh-8c5d1f0a-6f0e-4a55-a2a7-1f6f4f6d3b11'

/**
 * What every session store keeps: `src/vault/session-store.ts`, as a suite. `create` gives a fresh, empty store.
 * @param stored every record that others could read, where there is more than the page's memory
 */
export function describeSessionStore(
  name: string,
  create: () => SessionStore,
  stored?: () => Promise<readonly unknown[]>,
): void {
  describe(`the session store contract: ${name}`, () => {
    let store: SessionStore

    beforeEach(() => {
      store = create()
    })

    it('says its name', () => {
      expect(store.name).toBe(name)
    })

    it('has nothing at first, at epoch 0', async () => {
      expect(await store.read(ADA)).toEqual({ epoch: 0, text: undefined })
    })

    it('replaces only where the epoch is the expected one', async () => {
      expect(await store.replace(ADA, 1, { epoch: 2, text: 'too early' })).toBe(false)
      expect(await store.read(ADA)).toEqual({ epoch: 0, text: undefined })
      expect(await store.replace(ADA, 0, { epoch: 1, text: 'first' })).toBe(true)
      expect(await store.replace(ADA, 0, { epoch: 1, text: 'late' })).toBe(false)
      expect(await store.read(ADA)).toEqual({ epoch: 1, text: 'first' })
      expect(await store.replace(ADA, 1, { epoch: 7, text: undefined })).toBe(true)
      expect(await store.read(ADA)).toEqual({ epoch: 7, text: undefined })
    })

    it('lets one of many at the same epoch win', async () => {
      const tries = await Promise.all(
        Array.from({ length: 8 }, (_, index) => store.replace(ADA, 0, { epoch: 1, text: `${index}` })),
      )
      expect(tries.filter(Boolean)).toHaveLength(1)
      expect((await store.read(ADA)).text).toBe(`${tries.indexOf(true)}`)
    })

    it('gives back what was written last, character for character', async () => {
      await fc.assert(
        fc.asyncProperty(anyText(500), async (text) => {
          await write(store, ADA, text)
          expect((await store.read(ADA)).text).toBe(text)
          expect((await store.read(ADA)).text).toBe(text)
        }),
        { numRuns: 30, examples: [[''], ['0'], ['null'], ['"}\u0000\u2028'], ['𝓏'.repeat(20_000)], ['\ufeff0']] },
      )
    })

    it('keeps two owners apart', async () => {
      await Promise.all([write(store, ADA, 'of ada'), write(store, BOB, 'of bob')])
      await write(store, ADA, undefined)
      expect((await store.read(ADA)).text).toBeUndefined()
      expect((await store.read(BOB)).text).toBe('of bob')
      expect((await store.read('__proto__')).text).toBeUndefined()
    })

    it('forgets, also what was not there', async () => {
      await write(store, ADA, undefined)
      await write(store, ADA, secret)
      await write(store, ADA, undefined)
      expect((await store.read(ADA)).text).toBeUndefined()
    })

    it('never reads half of a write, however many come at the same time', async () => {
      const texts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(1000))
      const reads: Promise<string | undefined>[] = []
      await Promise.all(
        texts.map((text) => {
          reads.push(textIn(store, ADA))
          return write(store, ADA, text)
        }),
      )
      for (const read of await Promise.all(reads)) expect([undefined, ...texts]).toContain(read)
      expect(texts).toContain((await store.read(ADA)).text)
    })

    it('runs one work at a time, in the order in which they came, whatever becomes of them', async () => {
      const steps: string[] = []
      const work = (name: string, fails = false) =>
        store.exclusive(ADA, async () => {
          steps.push(`${name} starts`)
          await turn()
          steps.push(`${name} ends`)
          if (fails) throw new Error(name)
          return name
        })
      const uncaught = await uncaughtDuring(async () => {
        const outcomes = await Promise.allSettled([work('a'), work('b', true), work('c')])
        expect(outcomes).toEqual([
          { status: 'fulfilled', value: 'a' },
          { status: 'rejected', reason: new Error('b') },
          { status: 'fulfilled', value: 'c' },
        ])
      })
      expect(uncaught).toEqual([])
      expect(steps).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends'])
    })

    it('hands on what a work throws before its first await', async () => {
      const failing = () => {
        throw new Error('at once')
      }
      await expect(store.exclusive(ADA, failing)).rejects.toThrow('at once')
      await expect(store.exclusive(ADA, async () => 'next')).resolves.toBe('next')
    })

    if (!stored) return

    it('shows nothing of the text to whoever reads what is stored', async () => {
      await write(store, ADA, JSON.stringify({ secret }))
      const records = await stored()
      expect(tracesOf(ADA, records)).toContain('plain')
      expect(tracesOf(secret, records)).toEqual([])
      await write(store, ADA, undefined)
      expect(await stored()).toEqual([ADA, { epoch: expect.any(Number) }])
    })
  })
}
