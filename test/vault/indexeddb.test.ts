import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ticketId } from '../../src/crypto/ticket.js'
import { indexedDbVault } from '../../src/vault/indexeddb.js'
import type { Vault } from '../../src/vault/vault.js'
import { describeVault } from '../contracts/vault.js'
import { overwriteSignIn, type RawRecord, storedSignIns } from '../helpers/sign-ins.js'
import { ADA, BOB, LIFETIME_MS, taken, ticketFor } from '../helpers/tickets.js'
import { tracesOf } from '../helpers/traces.js'

const value = JSON.stringify({ codeVerifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' })
let vault: Vault
let ticket: string
let id: string

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  vault = indexedDbVault()
  ticket = ticketFor(ADA)
  id = await ticketId(ticket)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describeVault('indexeddb', indexedDbVault, {
  maxRecords: 100,
  stored: async () => [...(await storedSignIns())],
})

describe('what lies in the database', () => {
  it('is one record under a digest of the ticket: owner, key, sealed bytes', async () => {
    await vault.put(ticket, ADA, value)
    const records = await storedSignIns()
    expect([...records.keys()]).toEqual([id])
    const record = records.get(id)!
    expect(Object.keys(record).sort()).toEqual(['key', 'owner', 'sealed'])
    expect(record.owner).toBe(ADA)
    expect(record.sealed).toBeInstanceOf(Uint8Array)
    expect(record.key).toBeInstanceOf(CryptoKey)
    expect(record.key).toMatchObject({ extractable: false, usages: ['sign'] })
    await expect(crypto.subtle.exportKey('raw', record.key!)).rejects.toThrow()
  })

  it('holds neither ticket nor value in any encoding', async () => {
    // The search does find them where a vault keeps them in the open.
    const careless = [{ ticket: btoa(ticket), record: new TextEncoder().encode(value) }]
    expect(tracesOf(ticket, careless)).not.toEqual([])
    expect(tracesOf(value, careless)).not.toEqual([])

    await vault.put(ticket, ADA, value)
    const records = await storedSignIns()
    expect(tracesOf(ADA, records)).not.toEqual([])
    expect(tracesOf(value, records)).toEqual([])
    expect(tracesOf(JSON.parse(value).codeVerifier, records)).toEqual([])
    expect(tracesOf(ticket, records)).toEqual([])
    expect(tracesOf(ticket.slice(13, 56), records)).toEqual([])
  })

  it('is the owner alone once the sign-in was taken: no key, no ciphertext', async () => {
    await vault.put(ticket, ADA, value)
    await vault.take(ticket, ADA)
    expect([...(await storedSignIns())]).toEqual([[id, { owner: ADA, takenBy: expect.stringMatching(/^[\w-]{43}$/) }]])
  })

  it('has a key of its own for every sign-in', async () => {
    const twin = ticketFor(ADA)
    await vault.put(ticket, ADA, value)
    await vault.put(twin, ADA, value)
    const records = await storedSignIns()
    const sign = async ({ key }: RawRecord) => Buffer.from(await crypto.subtle.sign('HMAC', key!, new Uint8Array(1)))
    const [one, other] = await Promise.all([...records.values()].map(sign))
    expect(one).not.toEqual(other)
  })

  it('is found by another page of the origin, and taken once among them', async () => {
    await vault.put(ticket, ADA, value)
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => indexedDbVault().take(ticket, ADA)))
    expect(outcomes.filter(({ status }) => status === 'taken')).toEqual([taken(value)])
    expect(outcomes.filter(({ status }) => status === 'spent')).toHaveLength(7)
  })
})

describe('the sweep', () => {
  it('removes all that is expired with the next write, by one range delete', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const stale = Array.from({ length: 40 }, (_, index) => ticketFor(index % 2 ? ADA : BOB, 1000 + index))
    for (const [index, ticket] of stale.entries()) await vault.put(ticket, index % 2 ? ADA : BOB, value)
    await vault.take(stale[1]!, ADA)
    await vault.put(ticket, ADA, value)
    expect((await storedSignIns()).size).toBe(41)

    vi.advanceTimersByTime(2000)
    const remove = vi.spyOn(IDBObjectStore.prototype, 'delete')
    const read = (['openCursor', 'openKeyCursor', 'getAll'] as const).map((name) =>
      vi.spyOn(IDBObjectStore.prototype, name),
    )
    const next = ticketFor(ADA)
    await vault.put(next, ADA, value)
    expect(remove).toHaveBeenCalledTimes(1)
    expect(remove.mock.calls[0]?.[0]).toBeInstanceOf(IDBKeyRange)
    for (const spy of read) expect(spy).not.toHaveBeenCalled()
    expect([...(await storedSignIns()).keys()].sort()).toEqual([id, await ticketId(next)].sort())
    expect(await vault.take(ticket, ADA)).toEqual(taken(value))
  })

  it('lets the sign-ins that expire first give way at the cap, spent ones included', async () => {
    const tickets = Array.from({ length: 100 }, (_, index) => ticketFor(ADA, LIFETIME_MS + index))
    for (const ticket of tickets) await vault.put(ticket, ADA, value)
    await vault.take(tickets[0]!, ADA)
    await vault.take(tickets[99]!, ADA)
    expect((await storedSignIns()).size).toBe(100)

    await vault.put(ticketFor(ADA, LIFETIME_MS + 100), ADA, value)
    const ids = new Set((await storedSignIns()).keys())
    expect(ids.size).toBe(100)
    expect(ids.has(await ticketId(tickets[0]!))).toBe(false)
    expect(ids.has(await ticketId(tickets[1]!))).toBe(true)
    expect(await vault.take(tickets[99]!, ADA)).toEqual({ status: 'spent' })
  })
})

describe('documents', () => {
  it('are there for other pages, by their id, until they are deleted', async () => {
    await vault.documents?.write('a', 'one')
    await vault.documents?.write('b', 'two')
    const other = indexedDbVault().documents
    expect([await other?.read('a'), await other?.read('b'), await other?.read('c')]).toEqual(['one', 'two', undefined])
    await other?.write('a', 'three')
    await other?.write('b', undefined)
    expect([await vault.documents?.read('a'), await vault.documents?.read('b')]).toEqual(['three', undefined])
  })

  it('neither count as sign-ins nor give way to them, whatever their id', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const ids = ['', '0', id, 'https://as.example']
    for (const one of ids) await vault.documents?.write(one, one || 'empty')
    const tickets = Array.from({ length: 100 }, (_, index) => ticketFor(ADA, LIFETIME_MS + index))
    for (const one of tickets) expect(await vault.put(one, ADA, value)).toEqual([])
    expect(await vault.put(ticketFor(ADA, LIFETIME_MS + 100), ADA, value)).toEqual([await ticketId(tickets[0]!)])
    expect((await storedSignIns()).size).toBe(100)
    vi.advanceTimersByTime(2 * LIFETIME_MS)
    await vault.put(ticketFor(ADA), ADA, value)
    expect((await storedSignIns()).size).toBe(1)
    for (const one of ids) expect(await vault.documents?.read(one)).toBe(one || 'empty')
  })

  it('are written before a sign-in that is stored next, without being waited for', async () => {
    const order: string[] = []
    const writing = vault.documents?.write('a', 'one').then(() => order.push('document'))
    await vault.put(ticket, ADA, value)
    order.push('sign-in')
    await writing
    expect(order).toEqual(['document', 'sign-in'])
  })
})

describe('a record that was changed does not open', () => {
  const REGIONS = { version: 0, 'first of the IV': 1, 'last of the IV': 12, 'first of the ciphertext': 13 }
  let record: RawRecord

  beforeEach(async () => {
    await vault.put(ticket, ADA, value)
    record = (await storedSignIns()).get(id)!
  })

  const withFlippedBit = ({ owner, key, sealed }: RawRecord, index: number): RawRecord => {
    const bytes = Uint8Array.from(sealed!)
    bytes[index]! ^= 1
    return { owner, key: key!, sealed: bytes }
  }

  it('but does when it is written back as it was', async () => {
    await overwriteSignIn(id, record)
    expect(await vault.take(ticket, ADA)).toEqual(taken(value))
  })

  it.each(Object.entries(REGIONS))('sealed: %s', async (_, index) => {
    await overwriteSignIn(id, withFlippedBit(record, index))
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })

  it.each([
    ['last of the ciphertext', 17],
    ['first of the tag', 16],
    ['last of the tag', 1],
  ])('sealed: %s', async (_, fromEnd) => {
    await overwriteSignIn(id, withFlippedBit(record, record.sealed!.length - fromEnd))
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })

  it.each([
    ['missing', undefined],
    ['null', null],
    ['false', false],
    ['zero', 0],
    ['an empty text', ''],
    ['cut', new Uint8Array(13)],
    ['empty', new Uint8Array()],
    ['a text', value],
    ['a list', [1, 2, 3]],
  ])('sealed: %s', async (_, sealed) => {
    await overwriteSignIn(id, { ...record, sealed })
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })

  it('owner', async () => {
    await overwriteSignIn(id, { ...record, owner: `[${ADA.slice(1, -1)}\\` })
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'other_owner' })
    expect((await storedSignIns()).get(id)).toHaveProperty('sealed')
  })

  it('key: another sign-in’s', async () => {
    const other = ticketFor(ADA)
    await vault.put(other, ADA, value)
    const { key } = (await storedSignIns()).get(await ticketId(other))!
    await overwriteSignIn(id, { ...record, key })
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
    expect(await vault.take(other, ADA)).toEqual(taken(value))
  })

  it.each([
    ['an object that engines leave in its place', {}],
    ['a text', 'key'],
  ])('key: %s', async (_, key) => {
    await overwriteSignIn(id, { ...record, key })
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
  })

  it('id: copied over the record of another ticket', async () => {
    const other = ticketFor(ADA)
    await vault.put(other, ADA, 'theirs')
    await overwriteSignIn(await ticketId(other), record)
    expect(await vault.take(other, ADA)).toEqual({ status: 'unreadable' })
    expect(await vault.take(ticket, ADA)).toEqual(taken(value))
  })

  it('id: moved under a ticket nobody put', async () => {
    const forged = ticketFor(ADA)
    await overwriteSignIn(await ticketId(forged), record)
    expect(await vault.take(forged, ADA)).toEqual({ status: 'unreadable' })
  })

  it.each([
    ['a text', 'record'],
    ['nothing', null],
    ['an empty object', {}],
  ])('the whole record: %s', async (_, garbage) => {
    await overwriteSignIn(id, garbage)
    expect((await vault.take(ticket, ADA)).status).toMatch(/^(other_owner|unknown)$/)
  })
})
