import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/vault/session-store.js'
import { anyText } from '../helpers/any-text.js'
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

    it('holds nothing at first', async () => {
      expect(await store.read(ADA)).toBeUndefined()
    })

    it('gives back what was written last, character for character', async () => {
      await fc.assert(
        fc.asyncProperty(anyText(500), async (text) => {
          await store.write(ADA, text)
          expect(await store.read(ADA)).toBe(text)
          expect(await store.read(ADA)).toBe(text)
        }),
        { numRuns: 30, examples: [[''], ['0'], ['null'], ['"}\u0000\u2028'], ['𝓏'.repeat(20_000)], ['\ufeff0']] },
      )
    })

    it('keeps two owners apart', async () => {
      await Promise.all([store.write(ADA, 'of ada'), store.write(BOB, 'of bob')])
      await store.write(ADA, undefined)
      expect(await store.read(ADA)).toBeUndefined()
      expect(await store.read(BOB)).toBe('of bob')
      expect(await store.read('__proto__')).toBeUndefined()
    })

    it('forgets, also what was not there', async () => {
      await store.write(ADA, undefined)
      await store.write(ADA, secret)
      await store.write(ADA, undefined)
      expect(await store.read(ADA)).toBeUndefined()
    })

    it('never reads half of a write, however many come at the same time', async () => {
      const texts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(1000))
      const reads: Promise<string | undefined>[] = []
      await Promise.all(
        texts.map((text) => {
          reads.push(store.read(ADA))
          return store.write(ADA, text)
        }),
      )
      for (const read of await Promise.all(reads)) expect([undefined, ...texts]).toContain(read)
      expect(texts).toContain(await store.read(ADA))
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
      await store.write(ADA, JSON.stringify({ secret }))
      const records = await stored()
      expect(tracesOf(ADA, records)).toContain('plain')
      expect(tracesOf(secret, records)).toEqual([])
      await store.write(ADA, undefined)
      expect(await stored()).toEqual([])
    })
  })
}
