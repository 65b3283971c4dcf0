import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDatabase, promisifyRequest } from '../../src/vault/database.js'

/** A page that can be left for the back/forward cache and shown again. */
let page: EventTarget
let listeners: number

beforeEach(() => {
  page = new EventTarget()
  listeners = 0
  vi.stubGlobal('indexedDB', new IDBFactory())
  vi.stubGlobal('addEventListener', (type: string, listener: EventListener, options: AddEventListenerOptions) => {
    listeners++
    page.addEventListener(type, listener, options)
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const leave = () => page.dispatchEvent(new Event('pagehide'))
const openDatabase = () => createDatabase('database', 'records')
const put = (value: string) => (records: IDBObjectStore) => promisifyRequest(records.put(value, 'id'))
const get = (records: IDBObjectStore) => promisifyRequest<string>(records.get('id'))

/** Whether another page can write, or has to wait for a transaction that was left alone. */
async function isFree(): Promise<boolean> {
  const writing = createDatabase('database', 'records')('readwrite', put('other page'))
  const turns = async () => {
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    return false
  }
  return Promise.race([writing.then(() => true), turns()])
}

/** A write that has put its record and waits before it ends. */
function pausedWrite(value: string) {
  let release = () => {}
  const paused = new Promise<void>((resolve) => {
    release = resolve
  })
  const runs: IDBTransaction[] = []
  const work = async (records: IDBObjectStore) => {
    runs.push(records.transaction)
    await put(value)(records)
    // fake-indexeddb keeps a transaction open as long as it has requests.
    while (!(await Promise.race([paused.then(() => true), get(records).then(() => false)]))) {}
  }
  return { work, runs, release }
}

describe('when the page goes away', () => {
  it('the connection is closed, and another one opened at the next use; nothing listens without one', async () => {
    const open = vi.spyOn(indexedDB, 'open')
    const close = vi.spyOn(IDBDatabase.prototype, 'close')
    const transaction = openDatabase()
    expect(listeners).toBe(0)
    for (let time = 0; time < 2; time++) await transaction('readwrite', put('value'))
    expect([listeners, open.mock.calls.length, close.mock.calls.length]).toEqual([1, 1, 0])
    leave()
    leave()
    await setImmediate()
    expect([open.mock.calls.length, close.mock.calls.length]).toEqual([1, 1])
    expect(await transaction('readonly', get)).toBe('value')
    expect([listeners, open.mock.calls.length]).toEqual([2, 2])
  })

  it('a transaction that runs is aborted, and repeated if the page is shown again', async () => {
    const transaction = openDatabase()
    await transaction('readwrite', put('before'))
    const { work, runs, release } = pausedWrite('after')
    const writing = transaction('readwrite', work)
    while (!runs[0]) await setImmediate()
    leave()
    release()
    await writing
    expect(runs).toHaveLength(2)
    expect(await transaction('readonly', get)).toBe('after')
  })

  it('it no longer blocks the database; without the abort, it would', async () => {
    const transaction = openDatabase()
    const { work, runs } = pausedWrite('value')
    transaction('readwrite', work).catch(() => {})
    while (!runs[0]) await setImmediate()
    expect(await isFree()).toBe(false)
    leave()
    expect(await isFree()).toBe(true)
  })

  it('a database that is being created is not left half-way', async () => {
    const transaction = openDatabase()
    const create = vi.spyOn(IDBDatabase.prototype, 'createObjectStore').mockImplementationOnce(function (
      this: IDBDatabase,
      name,
    ) {
      const store = this.createObjectStore(name)
      leave()
      return store
    })
    await transaction('readwrite', put('value'))
    // By the browser, by this test, and again.
    expect(create).toHaveBeenCalledTimes(3)
    expect(await transaction('readonly', get)).toBe('value')
  })
})
