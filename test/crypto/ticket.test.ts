import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  containsTicketOf,
  createTicket,
  isTicket,
  ticketId,
  ticketIsExpired,
  ticketIsTaggedFor,
  ticketSecret,
} from '../../src/crypto/ticket.js'
import { anyText } from '../helpers/any-text.js'
import { ADA, BOB, ticketFor } from '../helpers/tickets.js'
import { tracesOf } from '../helpers/traces.js'

afterEach(() => {
  vi.useRealTimers()
})

/** Until the year 2286 a time in milliseconds has 13 digits. */
const time = fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 })

describe('a ticket', () => {
  it('has the form of one, for any owner and time', () => {
    fc.assert(
      fc.property(anyText(), time, (owner, expiresAtMs) => {
        const ticket = createTicket(owner, expiresAtMs)
        expect(isTicket(ticket)).toBe(true)
        expect(ticketIsTaggedFor(ticket, owner)).toBe(true)
        // Nothing in it needs escaping in a URL (RFC 3986 §2.3).
        expect(encodeURIComponent(ticket)).toBe(ticket)
      }),
    )
  })

  it('is never the same twice, and 256 of its bits are random', () => {
    const tickets = Array.from({ length: 1000 }, () => createTicket(ADA, 1_800_000_000_000))
    expect(new Set(tickets).size).toBe(1000)
    expect(Buffer.from(tickets[0]!.slice(13, 56), 'base64url')).toHaveLength(32)
  })

  it('tells two clients apart, without naming them', () => {
    const ticket = ticketFor(ADA)
    expect(ticketIsTaggedFor(ticket, BOB)).toBe(false)
    expect(ticketIsTaggedFor(ticket, '')).toBe(false)
    expect(tracesOf(ADA, ticket)).toEqual([])
  })

  it('expires at its time, not a millisecond before', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const ticket = ticketFor(ADA, 1000)
    vi.advanceTimersByTime(999)
    expect(ticketIsExpired(ticket)).toBe(false)
    vi.advanceTimersByTime(1)
    expect(ticketIsExpired(ticket)).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['another library’s state', 'af0ifjsldkj'],
    ['a bare random token', 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
    ['no tag', ticketFor(ADA).slice(0, 56)],
    ['a tag that is none', `${ticketFor(ADA).slice(0, 56)}A!`],
    ['an expiry that is no number', `x${ticketFor(ADA).slice(1)}`],
    ['a character that base64url has not', ticketFor(ADA).replace(/(?<=^.{20})./, '+')],
    ['something before it', ` ${ticketFor(ADA)}`],
    ['something after it', `${ticketFor(ADA)}\n`],
  ])('is not taken for one: %s', (_, text) => {
    expect(isTicket(text)).toBe(false)
  })
})

describe('a ticket in a text', () => {
  const ticket = ticketFor(ADA)

  it('is found, wherever it stands', () => {
    for (const text of [ticket, `before ${ticket} after`, `?state=${ticket}&code=c`, `${ticket}-`])
      expect(containsTicketOf(ADA, text), text).toBe(true)
  })

  it('is not found where it is of another owner, cut off or longer', () => {
    expect(containsTicketOf(BOB, ticket)).toBe(false)
    for (const text of ['', ADA, ticket.slice(1), ticket.slice(0, -1), `${ticket}a`, `${ticket}0`])
      expect(containsTicketOf(ADA, text), text).toBe(false)
  })

  it('has as its secret all but its time', () => {
    expect(ticketSecret(ticket)).toBe(ticket.slice('1800000000000'.length))
    expect(ticket.endsWith(ticketSecret(ticket))).toBe(true)
  })
})

describe('a record id', () => {
  it('sorts by expiry', async () => {
    await fc.assert(
      fc.asyncProperty(time, time, async (one, other) => {
        const [first, second] = await Promise.all([one, other].map((at) => ticketId(createTicket(ADA, at))))
        expect(Math.sign(one - other) || 0).toBe(one === other ? 0 : first! < second! ? -1 : 1)
      }),
    )
  })

  it('lies below any later time written as digits, so that one range holds all that are stale', async () => {
    const id = await ticketId(createTicket(ADA, 1_800_000_000_000))
    expect(id < '1800000000001').toBe(true)
    expect(id > '1800000000000').toBe(true)
  })

  it('belongs to one ticket: with any character changed it is another one', async () => {
    const ticket = ticketFor(ADA)
    const changed = [...ticket].map((character, at) =>
      [ticket.slice(0, at), character === '1' ? '2' : '1', ticket.slice(at + 1)].join(''),
    )
    const ids = await Promise.all([ticket, ...changed, ticket.slice(0, -1), `${ticket}1`].map(ticketId))
    expect(new Set(ids).size).toBe(ids.length)
    expect(await ticketId(ticket)).toBe(ids[0])
  })

  it('does not give its ticket away', async () => {
    const ticket = ticketFor(ADA)
    const id = await ticketId(ticket)
    expect(id).toMatch(/^\d{13}[\w-]{43}$/)
    expect(tracesOf(ticket.slice(13, 56), id)).toEqual([])
  })
})
