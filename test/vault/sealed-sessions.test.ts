import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sealedSessions } from '../../src/vault/sealed-sessions.js'
import type { SessionStore } from '../../src/vault/session-store.js'
import { describeSessionStore } from '../contracts/session-store.js'
import { createLocks } from '../helpers/locks.js'
import { textIn, writeText } from '../helpers/session-app.js'
import { ADA, BOB } from '../helpers/tickets.js'

interface RawSession {
  epoch: number
  key: CryptoKey
  sealed: Uint8Array<ArrayBuffer>
}

/** The database as any other script of the origin sees it. */
async function raw<T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const settled = <R>(request: IDBRequest<R>) =>
    new Promise<R>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const database = await settled(indexedDB.open('proofkey-sessions'))
  try {
    return await settled(work(database.transaction('sessions', mode).objectStore('sessions')))
  } finally {
    database.close()
  }
}
const record = (owner: string): Promise<RawSession> => raw('readonly', (records) => records.get(owner))
const overwrite = (owner: string, value: unknown) => raw('readwrite', (records) => records.put(value, owner))

const fresh = () => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  return sealedSessions()
}
const stored = async () => {
  const keys = await raw('readonly', (records) => records.getAllKeys())
  return [...keys, ...(await raw('readonly', (records) => records.getAll()))]
}
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describeSessionStore('sealed', fresh, stored)

it('says that its tabs share it', () => {
  expect(sealedSessions().shared).toBe(true)
})

describe('what lies in the database', () => {
  let store: SessionStore
  beforeEach(async () => {
    store = fresh()
    await writeText(store, ADA, 'of ada')
    await writeText(store, BOB, 'of bob')
  })

  it('is shared by all tabs, and outlives them', async () => {
    expect(await textIn(sealedSessions(), ADA)).toBe('of ada')
  })

  it('has a key that cannot be exported, and another one with each write', async () => {
    const before = await record(ADA)
    await expect(crypto.subtle.exportKey('raw', before.key)).rejects.toThrow()
    await writeText(store, ADA, 'of ada')
    await overwrite(ADA, { ...before, key: (await record(ADA)).key })
    expect(await textIn(store, ADA)).toBeUndefined()
    await overwrite(ADA, before)
    expect(await textIn(store, ADA)).toBe('of ada')
  })

  it('does not open under another owner', async () => {
    await overwrite(BOB, await record(ADA))
    expect(await textIn(store, BOB)).toBeUndefined()
    expect(await textIn(store, ADA)).toBe('of ada')
  })

  it('does not open where a single bit was changed', async () => {
    const { epoch, key, sealed } = await record(ADA)
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at]! ^= 1
      await overwrite(ADA, { epoch, key, sealed: changed })
      expect(await textIn(store, ADA), `byte ${at}`).toBeUndefined()
    }
  })

  it.each([
    ['nothing', {}],
    ['a text', 'text'],
    ['null', null],
    ['no key', { sealed: new Uint8Array(40) }],
    ['a key that is none', { key: {}, sealed: new Uint8Array(40) }],
    ['no bytes', { key: 'of the record' }],
    ['too few bytes', { key: 'of the record', sealed: new Uint8Array([1]) }],
  ])('does not open, and never throws, where there is %s in its place', async (_, value) => {
    const { key } = await record(ADA)
    await overwrite(ADA, Object(value).key === 'of the record' ? { ...Object(value), key } : value)
    expect(await textIn(store, ADA)).toBeUndefined()
    await writeText(store, ADA, 'new')
    expect(await textIn(store, ADA)).toBe('new')
  })
})

it('says so where the engine keeps the record and loses the key', async () => {
  const store = fresh()
  const { put } = IDBObjectStore.prototype
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, id) {
    return put.call(this, { ...value, key: undefined }, id)
  })
  await expect(writeText(store, ADA, 'text')).rejects.toMatchObject({ code: 'storage_refused_key' })
  vi.restoreAllMocks()
  await writeText(store, ADA, 'text')
  expect(await textIn(store, ADA)).toBe('text')
})

describe('exclusive', () => {
  const work = (store: SessionStore, steps: string[], name: string) =>
    store.exclusive(ADA, async () => {
      steps.push(`${name} starts`)
      await new Promise(setImmediate)
      steps.push(`${name} ends`)
      return name
    })

  it('holds over all tabs by a Web Lock', async () => {
    vi.stubGlobal('navigator', { locks: createLocks() })
    const steps: string[] = []
    const [first, second] = [sealedSessions(), sealedSessions()]
    await Promise.all([work(first, steps, 'a'), work(second, steps, 'b'), work(first, steps, 'c')])
    expect(steps.map((step) => step.split(' ')[1])).toEqual(['starts', 'ends', 'starts', 'ends', 'starts', 'ends'])
  })

  it.each([
    ['there are no locks', undefined],
    // Chromium, where a person blocks all site data.
    ['they are refused', { request: () => Promise.reject(new DOMException('denied', 'SecurityError')) }],
  ])('still runs the work, once, where %s', async (_, locks) => {
    vi.stubGlobal('navigator', { locks })
    const steps: string[] = []
    const store = sealedSessions()
    expect(await Promise.all([work(store, steps, 'a'), work(store, steps, 'b')])).toEqual(['a', 'b'])
    expect(steps).toEqual(['a starts', 'a ends', 'b starts', 'b ends'])
  })
})
