import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ticketId } from '../../src/crypto/ticket.js'
import type { Vault } from '../../src/vault/vault.js'
import { anyText } from '../helpers/any-text.js'
import { ADA, BOB, LIFETIME_MS, taken, ticketFor } from '../helpers/tickets.js'
import { tracesOf } from '../helpers/traces.js'

export interface VaultTraits {
  /** The vault's documented cap. Left out where the expiry of each record is the only bound. */
  readonly maxRecords?: number
  /** Every record of the newest vault that others could read. Left out where the page's memory is all there is. */
  readonly stored?: () => Promise<readonly unknown[]>
  /** What is seen there in plain text. Default: the owner. */
  readonly plain?: string
  /** How long a value it holds, in bytes of UTF-8. Default: any. */
  readonly maxBytes?: number
  /** What it says of a ticket that was taken before: `unknown` where nothing is left to remember it by. Default `spent`. */
  readonly spent?: 'spent' | 'unknown'
  /** Whether `put` names what it drops. Default true; the cookie jar reports it itself. */
  readonly namesDropped?: boolean
}

const secret = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

async function takeAndPutBack(vault: Vault, ticket: string, meanwhile = () => {}): Promise<boolean> {
  const outcome = await vault.take(ticket, ADA)
  if (outcome.status !== 'taken') throw new Error(outcome.status)
  meanwhile()
  return outcome.putBack()
}

/** What every vault keeps: `src/vault/vault.ts`, as a suite. `create` gives a fresh, empty vault. */
export function describeVault(
  name: string,
  create: () => Promise<Vault> | Vault,
  {
    maxRecords,
    stored,
    plain = ADA,
    maxBytes = Number.POSITIVE_INFINITY,
    spent = 'spent',
    namesDropped = true,
  }: VaultTraits,
): void {
  describe(`the vault contract: ${name}`, () => {
    let vault: Vault

    beforeEach(async () => {
      vault = await create()
    })
    afterEach(() => {
      vi.useRealTimers()
    })

    it('says its name', () => {
      expect(vault.name).toBe(name)
    })

    it('gives back what was put, character for character', async () => {
      await fc.assert(
        fc.asyncProperty(anyText(500), async (value) => {
          fc.pre(Buffer.byteLength(JSON.stringify(value)) <= maxBytes)
          const ticket = ticketFor(ADA)
          await vault.put(ticket, ADA, value)
          expect(await vault.take(ticket, ADA)).toEqual(taken(value))
        }),
        { numRuns: 50, examples: [[''], ['0'], ['null'], ['"}\u0000\u2028'], ['𝓏'.repeat(2000)], ['\ufeff0']] },
      )
    })

    it('hands out once: a second take is told that it is one', async () => {
      const ticket = ticketFor(ADA)
      await vault.put(ticket, ADA, secret)
      expect(await vault.take(ticket, ADA)).toEqual(taken(secret))
      expect(await vault.take(ticket, ADA)).toEqual({ status: spent })
      expect(await vault.take(ticket, ADA)).toEqual({ status: spent })
    })

    it('hands out to exactly one of 8 takes at the same time', async () => {
      const ticket = ticketFor(ADA)
      await vault.put(ticket, ADA, secret)
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => vault.take(ticket, ADA)))
      expect(outcomes.filter(({ status }) => status === 'taken')).toEqual([taken(secret)])
      expect(outcomes.filter(({ status }) => status === spent)).toHaveLength(7)
    })

    it('does not know a ticket it never saw', async () => {
      expect(await vault.take(ticketFor(ADA), ADA)).toEqual({ status: 'unknown' })
      await vault.put(ticketFor(ADA), ADA, secret)
      expect(await vault.take(ticketFor(ADA), ADA)).toEqual({ status: 'unknown' })
    })

    it('does not know what is not even a ticket', async () => {
      await vault.put(ticketFor(ADA), ADA, secret)
      for (const text of ['9'.repeat(13), 'x', '__proto__', 'constructor']) {
        expect((await vault.take(text, ADA)).status, text).toMatch(/^(unknown|expired)$/)
      }
    })

    it('hands out until the expiry and not from then on', async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const [ticket, twin] = [ticketFor(ADA), ticketFor(ADA)]
      await vault.put(ticket, ADA, secret)
      await vault.put(twin, ADA, secret)
      vi.advanceTimersByTime(LIFETIME_MS - 1)
      expect(await vault.take(twin, ADA)).toEqual(taken(secret))
      vi.advanceTimersByTime(1)
      expect(await vault.take(ticket, ADA)).toEqual({ status: 'expired' })
      expect(await vault.take(twin, ADA)).toEqual({ status: 'expired' })
    })

    it('tells another owner so, and keeps the record for its own', async () => {
      const ticket = ticketFor(ADA)
      await vault.put(ticket, ADA, secret)
      for (const stranger of [BOB, '', `${ADA} `]) {
        expect(await vault.take(ticket, stranger)).toEqual({ status: 'other_owner' })
      }
      expect(await vault.take(ticket, ADA)).toEqual(taken(secret))
      // A stranger does not learn either whether it was used.
      expect(await vault.take(ticket, BOB)).toEqual({ status: spent === 'spent' ? 'other_owner' : spent })
    })

    it('takes back what was taken, for one more take', async () => {
      const ticket = ticketFor(ADA)
      await vault.put(ticket, ADA, secret)
      expect(await takeAndPutBack(vault, ticket)).toBe(true)
      expect(await vault.take(ticket, ADA)).toEqual(taken(secret))
      expect(await vault.take(ticket, ADA)).toEqual({ status: spent })
    })

    if (spent === 'spent') {
      it('takes back from the take that has it, and from no earlier one', async () => {
        const ticket = ticketFor(ADA)
        await vault.put(ticket, ADA, secret)
        const first = await vault.take(ticket, ADA)
        if (first.status !== 'taken') throw new Error(first.status)
        expect(await first.putBack()).toBe(true)
        // While it waits, and once another take has it.
        expect(await first.putBack()).toBe(false)
        const second = await vault.take(ticket, ADA)
        expect(second).toEqual(taken(secret))
        expect(await first.putBack()).toBe(false)
        expect(await vault.take(ticket, ADA)).toEqual({ status: spent })
        if (second.status === 'taken') expect(await second.putBack()).toBe(true)
        expect(await vault.take(ticket, ADA)).toEqual(taken(secret))
      })
    }

    it('does not take back what has expired meanwhile', async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const ticket = ticketFor(ADA)
      await vault.put(ticket, ADA, secret)
      expect(await takeAndPutBack(vault, ticket, () => vi.advanceTimersByTime(LIFETIME_MS + 1))).toBe(false)
      expect(await vault.take(ticket, ADA)).toEqual({ status: 'expired' })
    })

    it('keeps two owners apart who sign in at the same time', async () => {
      const [ada, bob] = [ticketFor(ADA), ticketFor(BOB)]
      await Promise.all([vault.put(ada, ADA, 'of ada'), vault.put(bob, BOB, 'of bob')])
      const outcomes = await Promise.all([
        vault.take(ada, BOB),
        vault.take(bob, ADA),
        vault.take(ada, ADA),
        vault.take(bob, BOB),
      ])
      expect(outcomes).toEqual([{ status: 'other_owner' }, { status: 'other_owner' }, taken('of ada'), taken('of bob')])
    })

    it('holds many sign-ins at once, taken in any order', async () => {
      const tickets = Array.from({ length: Math.min(50, maxRecords ?? 50) }, () => ticketFor(ADA))
      await Promise.all(tickets.map((ticket, index) => vault.put(ticket, ADA, `value ${index}`)))
      const backwards = tickets.map((ticket, index) => ({ ticket, value: `value ${index}` })).reverse()
      const outcomes = await Promise.all(backwards.map(({ ticket }) => vault.take(ticket, ADA)))
      expect(outcomes).toEqual(backwards.map(({ value }) => taken(value)))
    })

    if (maxRecords) {
      it('stays bounded when 1,000 sign-ins are abandoned, and the newest still opens', async () => {
        const tickets = Array.from({ length: 1000 }, (_, index) => ticketFor(ADA, LIFETIME_MS + index))
        const dropped: string[] = []
        for (const ticket of tickets) dropped.push(...((await vault.put(ticket, ADA, secret)) ?? []))
        // Each one that waited is named, and as the events name it.
        if (namesDropped) expect(dropped).toEqual(await Promise.all(tickets.slice(0, 1000 - maxRecords).map(ticketId)))
        if (stored) expect((await stored()).length).toBeLessThanOrEqual(maxRecords)
        const outcomes: string[] = []
        for (const ticket of tickets) outcomes.push((await vault.take(ticket, ADA)).status)
        const open = tickets.map((_, index) => index).filter((index) => outcomes[index] === 'taken')
        expect(open).toEqual(Array.from({ length: maxRecords }, (_, index) => 1000 - maxRecords + index))
        expect(new Set(outcomes)).toEqual(new Set(['unknown', 'taken']))
      })

      it.runIf(namesDropped)('names none that was finished when it drops it', async () => {
        const tickets = Array.from({ length: maxRecords }, (_, index) => ticketFor(ADA, LIFETIME_MS + index))
        for (const ticket of tickets) await vault.put(ticket, ADA, secret)
        await vault.take(tickets[0]!, ADA)
        expect((await vault.put(ticketFor(ADA, LIFETIME_MS * 2), ADA, secret)) ?? []).toEqual([])
        const next = await vault.put(ticketFor(ADA, LIFETIME_MS * 2), ADA, secret)
        expect(next).toEqual([await ticketId(tickets[1]!)])
      })

      it('keeps a sign-in that expires before all others, also at the cap', async () => {
        for (let count = 0; count < maxRecords; count++) await vault.put(ticketFor(BOB, 86_400_000), BOB, 'long')
        const ticket = ticketFor(ADA)
        await vault.put(ticket, ADA, secret)
        if (stored) expect((await stored()).length).toBeLessThanOrEqual(maxRecords)
        expect(await vault.take(ticket, ADA)).toEqual(taken(secret))
      })
    }

    if (!stored) return

    it('shows neither value nor ticket to whoever reads what is stored', async () => {
      const ticket = ticketFor(ADA)
      await vault.put(ticket, ADA, JSON.stringify({ secret }))
      const waiting = await stored()
      expect(waiting).toHaveLength(1)
      expect(tracesOf(plain, waiting)).toContain('plain')
      expect(tracesOf(secret, waiting)).toEqual([])
      expect(tracesOf(ticket.slice(13), waiting)).toEqual([])
      await vault.take(ticket, ADA)
      expect(tracesOf(secret, await stored())).toEqual([])
      expect(tracesOf(ticket.slice(13), await stored())).toEqual([])
    })
  })
}
