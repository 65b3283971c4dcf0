import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDatabase, promisifyRequest } from '../../src/vault/database.js'
import { indexedDbVault } from '../../src/vault/indexeddb.js'
import { keyStore } from '../../src/vault/key-store.js'
import { sealedSessions } from '../../src/vault/sealed-sessions.js'
import type { Vault } from '../../src/vault/vault.js'
import { type RawRecord, storedSignIns } from '../helpers/sign-ins.js'
import { ADA, taken, ticketFor } from '../helpers/tickets.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

/** The engine's own steps, as fake-indexeddb names them. */
interface FakeTransaction extends IDBTransaction {
  _abort(name: string): void
  _execRequestAsync(steps: { source: IDBObjectStore; operation: () => unknown }): IDBRequest
}

let vault: Vault
let ticket: string

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  vault = indexedDbVault()
  ticket = ticketFor(ADA)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** The counterproof: without the fault the same vault works. */
async function expectToWork(vault: Vault): Promise<void> {
  const ticket = ticketFor(ADA)
  await vault.put(ticket, ADA, 'value')
  expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
}

const refusal = (code: string) => ({
  name: `ProofkeyError [${code}]`,
  code,
  message: expect.stringMatching(/\w\.$/),
  hint: expect.stringMatching(/\w/),
})

describe('IndexedDB cannot be opened', () => {
  const blocked = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError')
  }
  const failing = (name: string) => () => {
    const request = new EventTarget() as IDBOpenDBRequest
    Object.defineProperty(request, 'error', { value: new DOMException('', name) })
    queueMicrotask(() => request.onerror?.(new Event('error')))
    return request
  }
  const FAULTS: Record<string, () => void> = {
    'it is missing': () => vi.stubGlobal('indexedDB', undefined),
    'reading it throws a SecurityError': () => {
      const factory = indexedDB
      vi.stubGlobal('indexedDB', factory)
      Object.defineProperty(globalThis, 'indexedDB', { get: blocked, configurable: true })
    },
    'open throws a SecurityError': () => void vi.spyOn(indexedDB, 'open').mockImplementation(blocked),
    'open fails, as on a broken profile': () =>
      void vi.spyOn(indexedDB, 'open').mockImplementation(failing('UnknownError')),
    'open fails, as where nothing may be written': () =>
      void vi.spyOn(indexedDB, 'open').mockImplementation(failing('InvalidStateError')),
  }

  it.each(Object.entries(FAULTS))('%s: put and take say so, and recover', async (_, inject) => {
    const factory = indexedDB
    inject()
    await expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject(refusal('storage_unavailable'))
    await expect(vault.take(ticket, ADA)).rejects.toMatchObject(refusal('storage_unavailable'))
    vi.restoreAllMocks()
    Object.defineProperty(globalThis, 'indexedDB', { value: factory, configurable: true, writable: true })
    await expectToWork(vault)
  })

  it.each(['put', 'take'] as const)('open never answers: %s gives up after 2 seconds', async (name) => {
    const open = vi.spyOn(indexedDB, 'open').mockReturnValue(new EventTarget() as IDBOpenDBRequest)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    let outcome: unknown
    const work = name === 'put' ? vault.put(ticket, ADA, 'value') : vault.take(ticket, ADA)
    work.catch((error) => {
      outcome = error
    })
    while (!vi.getTimerCount()) await setImmediate()
    await vi.advanceTimersByTimeAsync(1999)
    expect(outcome).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toMatchObject(refusal('storage_unavailable'))
    expect(open).toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)

    open.mockRestore()
    await expectToWork(vault)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the record is not kept', () => {
  const put = IDBObjectStore.prototype.put

  it('the key cannot be cloned: storage_refused_key', async () => {
    const clone = structuredClone
    vi.stubGlobal('structuredClone', (value: unknown) => {
      if (Object.values(Object(value)).some((part) => part instanceof CryptoKey)) {
        throw new DOMException('A CryptoKey could not be cloned.', 'DataCloneError')
      }
      return clone(value)
    })
    await expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject({
      ...refusal('storage_refused_key'),
      cause: { name: 'DataCloneError' },
    })
    expect((await storedSignIns()).size).toBe(0)
    vi.stubGlobal('structuredClone', clone)
    await expectToWork(vault)
  })

  it('the quota is used up: storage_full, and nothing is left behind', async () => {
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = put.apply(this, args)
      request.addEventListener('success', () => abortWith(this.transaction, 'QuotaExceededError'))
      return request
    })
    await expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject({
      ...refusal('storage_full'),
      cause: { name: 'QuotaExceededError' },
    })
    expect((await storedSignIns()).size).toBe(0)
    spy.mockRestore()
    await expectToWork(vault)
  })

  it('the record reads back missing: storage_refused_key', async () => {
    const get = IDBObjectStore.prototype.get
    const spy = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore) {
      return get.call(this, 'nothing lies here')
    })
    await expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject(refusal('storage_refused_key'))
    expect(spy).toHaveBeenCalledTimes(1)
    spy.mockRestore()
    await expectToWork(vault)
  })

  const aesKey = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const hmacKey = () => crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])

  it.each([
    ['null', (): unknown => null],
    ['missing', () => undefined],
    ['an empty object', () => ({})],
    ['a key of another kind', aesKey],
    ['another key of the same kind', hmacKey],
  ])('the key reads back as %s: storage_refused_key', async (_, make) => {
    const key = await make()
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      record: RawRecord,
      id,
    ) {
      return put.call(this, { ...record, key }, id)
    })
    await expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject(refusal('storage_refused_key'))
    expect(spy).toHaveBeenCalledTimes(1)
    spy.mockRestore()
    await expectToWork(vault)
  })

  it('a take that cannot be written hands nothing out and takes nothing away', async () => {
    await vault.put(ticket, ADA, 'value')
    const before = await storedSignIns()
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = put.apply(this, args)
      request.addEventListener('success', () => abortWith(this.transaction, 'UnknownError'))
      return request
    })
    await expect(vault.take(ticket, ADA)).rejects.toMatchObject(refusal('storage_unavailable'))
    expect([...(await storedSignIns()).keys()]).toEqual([...before.keys()])
    spy.mockRestore()
    expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
  })
})

describe('a single request fails', () => {
  /**
   * The request's error event passes the transaction before the transaction has an error of its own (Indexed Database
   * API §5.9): whoever listens there alone hears of `null`. Chromium does the same.
   */
  const failOn = (method: 'get' | 'put', name: string) =>
    vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (this: IDBObjectStore) {
      const operation = () => {
        throw new DOMException('', name)
      }
      return (this.transaction as FakeTransaction)._execRequestAsync({ source: this, operation })
    })

  it.each([
    ['QuotaExceededError', 'storage_full'],
    ['UnknownError', 'storage_unavailable'],
  ])('put, with %s: %s', async (name, code) => {
    const fault = failOn('put', name)
    const uncaught = await uncaughtDuring(() =>
      expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject({ ...refusal(code), cause: { name } }),
    )
    expect(uncaught).toEqual([])
    fault.mockRestore()
    await expectToWork(vault)
  })

  it.each(['get', 'put'] as const)('take, at its %s: nothing is lost, nothing is left unhandled', async (method) => {
    await vault.put(ticket, ADA, 'value')
    const fault = failOn(method, 'UnknownError')
    const uncaught = await uncaughtDuring(() =>
      expect(vault.take(ticket, ADA)).rejects.toMatchObject(refusal('storage_unavailable')),
    )
    expect(uncaught).toEqual([])
    fault.mockRestore()
    expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
  })
})

describe('the connection dies between open and use', () => {
  /** Closes the vault's connection without a word to it: `close()` fires no event. */
  function cutConnection(): { opened: () => number } {
    const transaction = IDBDatabase.prototype.transaction
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
      this: IDBDatabase,
      ...args
    ) {
      spy.mockRestore()
      this.close()
      return transaction.apply(this, args)
    })
    const open = vi.spyOn(indexedDB, 'open')
    return { opened: () => open.mock.calls.length }
  }

  it('and idb-keyval alone would fail', async () => {
    const { createStore, get } = await import('idb-keyval')
    const store = createStore('counterproof', 'records')
    expect(await get('id', store)).toBeUndefined()
    cutConnection()
    await expect(get('id', store)).rejects.toMatchObject({ name: 'InvalidStateError' })
  })

  it('put connects again', async () => {
    await expectToWork(vault)
    const { opened } = cutConnection()
    await vault.put(ticket, ADA, 'value')
    expect(opened()).toBe(1)
    expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
    expect(opened()).toBe(1)
  })

  it('put connects again between write and read-back', async () => {
    await expectToWork(vault)
    const write = IDBObjectStore.prototype.put
    let opened = () => 0
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function (this: IDBObjectStore, ...args) {
      ;({ opened } = cutConnection())
      return write.apply(this, args)
    })
    await vault.put(ticket, ADA, 'value')
    expect(opened()).toBe(1)
    expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
  })

  it('take connects again', async () => {
    await vault.put(ticket, ADA, 'value')
    const { opened } = cutConnection()
    expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
    expect(opened()).toBe(1)
  })

  it('8 takes at once connect again, and one of them wins', async () => {
    await vault.put(ticket, ADA, 'value')
    const { opened } = cutConnection()
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => vault.take(ticket, ADA)))
    expect(opened()).toBeGreaterThan(0)
    expect(outcomes.filter(({ status }) => status === 'taken')).toHaveLength(1)
    expect(outcomes.filter(({ status }) => status === 'spent')).toHaveLength(7)
  })

  it('all that wait share one new connection: nobody would close the others', async () => {
    const run = createDatabase('cut', 'records')
    const read = () => run('readonly', (records) => promisifyRequest(records.get('id')))
    await read()
    const { opened } = cutConnection()
    expect(await Promise.all([read(), read(), read()])).toEqual([undefined, undefined, undefined])
    expect(opened()).toBe(1)
  })

  it('for good: a second failure in a row is reported', async () => {
    await expectToWork(vault)
    const dead = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
      throw new DOMException('The database connection is closing.', 'InvalidStateError')
    })
    await expect(vault.put(ticket, ADA, 'value')).rejects.toMatchObject(refusal('storage_unavailable'))
    expect(dead).toHaveBeenCalledTimes(2)
    dead.mockRestore()
    await expectToWork(vault)
  })
})

describe('a request is not answered in time', () => {
  /** The engine does what is asked and does not say so, until it is let go. */
  function silence(method: 'get' | 'put') {
    const original = IDBObjectStore.prototype[method] as (...args: unknown[]) => IDBRequest
    const held: { request: IDBRequest; go: () => void }[] = []
    let isSilent = true
    const spy = vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (
      this: IDBObjectStore,
      ...args: unknown[]
    ) {
      const request = original.apply(this, args)
      if (!isSilent) return request
      const quiet = new EventTarget() as IDBRequest
      const go = () => {
        Object.defineProperty(quiet, 'result', { value: request.result })
        quiet.onsuccess?.(new Event('success'))
      }
      held.push({ request, go })
      return quiet
    })
    return {
      isDone: () => held.some(({ request }) => request.readyState === 'done'),
      letGo() {
        isSilent = false
        for (const { go } of held) go()
        spy.mockRestore()
      },
    }
  }

  /** Keeps transactions that write open, as an engine does that is busy elsewhere. */
  function keepOpen(): () => void {
    const transaction = IDBDatabase.prototype.transaction
    let isOpen = true
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
      this: IDBDatabase,
      ...args
    ) {
      const made = transaction.apply(this, args)
      const again = () => {
        if (!isOpen || made.mode === 'readonly') return
        try {
          made.objectStore([...made.objectStoreNames][0]!).count().onsuccess = again
        } catch {
          // It has ended.
        }
      }
      again()
      return made
    })
    return () => {
      isOpen = false
      spy.mockRestore()
    }
  }

  async function afterTwoSeconds<T>(work: Promise<T>, isWaiting: () => boolean): Promise<unknown> {
    const outcome = work.catch((error) => error)
    while (!isWaiting()) await setImmediate()
    vi.advanceTimersByTime(2000)
    return outcome
  }

  /** Everything that writes to a database of ours, each with its own look at what was written. */
  const WRITERS: Record<string, () => Promise<{ write: () => Promise<unknown>; isUnchanged: () => Promise<boolean> }>> =
    {
      async 'a take'() {
        await vault.put(ticket, ADA, 'value')
        return {
          write: () => vault.take(ticket, ADA),
          isUnchanged: async () => (await vault.take(ticket, ADA)).status === 'taken',
        }
      },
      async 'a put'() {
        return {
          write: () => vault.put(ticket, ADA, 'value'),
          isUnchanged: async () => (await vault.take(ticket, ADA)).status === 'unknown',
        }
      },
      async 'a put-back'() {
        await vault.put(ticket, ADA, 'value')
        const outcome = await vault.take(ticket, ADA)
        if (outcome.status !== 'taken') throw new Error(outcome.status)
        return {
          write: outcome.putBack,
          isUnchanged: async () => (await vault.take(ticket, ADA)).status === 'spent',
        }
      },
      async 'a session'() {
        const store = sealedSessions()
        await store.replace(ADA, 0, { epoch: 1, text: 'before' })
        return {
          write: () => store.replace(ADA, 1, { epoch: 2, text: 'after' }),
          isUnchanged: async () => (await store.read(ADA)).text === 'before',
        }
      },
      async 'a key'() {
        const database = createDatabase('proofkey-keys', 'keys')
        return {
          write: () => keyStore().load(ADA),
          isUnchanged: async () => !(await database('readonly', (records) => promisifyRequest(records.get(ADA)))),
        }
      },
    }

  it.each(Object.entries(WRITERS))('%s is aborted: it was not done, and is not done later', async (_, prepare) => {
    const { write, isUnchanged } = await prepare()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const close = keepOpen()
    const engine = silence('put')
    const error = await afterTwoSeconds(write(), engine.isDone)
    expect(error).toMatchObject({ ...refusal('storage_unavailable'), retryable: true })
    engine.letGo()
    close()
    vi.useRealTimers()
    expect(await isUnchanged()).toBe(true)
    await expectToWork(vault)
  })

  it('and without the abort, the take that "failed" would be found to be done', async () => {
    await vault.put(ticket, ADA, 'value')
    const abort = vi.spyOn(IDBTransaction.prototype, 'abort').mockImplementation(() => {})
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const close = keepOpen()
    const engine = silence('put')
    const error = await afterTwoSeconds(vault.take(ticket, ADA), engine.isDone)
    expect(error).toMatchObject(refusal('storage_unavailable'))
    engine.letGo()
    close()
    vi.useRealTimers()
    abort.mockRestore()
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'spent' })
  })

  it('a take that is past aborting is unknown, and not to be tried again', async () => {
    await vault.put(ticket, ADA, 'value')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    // It commits, and the engine never says so.
    let isOver = false
    const transaction = IDBDatabase.prototype.transaction
    const watch = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...a) {
      const made = transaction.apply(this, a)
      Object.defineProperty(made, 'oncomplete', { set() {} })
      made.addEventListener('complete', () => {
        isOver = true
      })
      return made
    })
    const error = await afterTwoSeconds(vault.take(ticket, ADA), () => isOver)
    expect(error).toMatchObject({ ...refusal('storage_outcome_unknown'), retryable: false })
    watch.mockRestore()
    vi.useRealTimers()
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'spent' })
    await expectToWork(vault)
  })

  it('a read that is past aborting is not done: there is nothing to be unknown', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const database = createDatabase('proofkey', 'sign-ins')
    let isAsked = false
    const never = database('readonly', () => {
      isAsked = true
      return new Promise(() => {})
    })
    expect(await afterTwoSeconds(never, () => isAsked)).toMatchObject(refusal('storage_unavailable'))
  })
})

it('what fails half-way leaves nothing of it behind: an older sign-in does not give way to a put that fails', async () => {
  const tickets = Array.from({ length: 100 }, (_, index) => ticketFor(ADA, 600_000 + index))
  for (const ticket of tickets) await vault.put(ticket, ADA, 'value')
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('A CryptoKey could not be cloned.', 'DataCloneError')
  })
  await expect(vault.put(ticketFor(ADA), ADA, 'value')).rejects.toMatchObject(refusal('storage_refused_key'))
  put.mockRestore()
  expect(await vault.take(tickets[0]!, ADA)).toEqual(taken('value'))
})

it('WebCrypto is missing: put and take say insecure_context and touch nothing', async () => {
  await vault.put(ticket, ADA, 'value')
  const whole = crypto
  vi.stubGlobal('crypto', { getRandomValues: whole.getRandomValues.bind(whole) })
  const open = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await expect(vault.put(ticketFor(ADA), ADA, 'value')).rejects.toMatchObject(refusal('insecure_context'))
  await expect(vault.take(ticket, ADA)).rejects.toMatchObject(refusal('insecure_context'))
  expect(open).not.toHaveBeenCalled()
  vi.stubGlobal('crypto', whole)
  expect(await vault.take(ticket, ADA)).toEqual(taken('value'))
})

/** What a browser does to a transaction that cannot be committed. */
function abortWith(transaction: IDBTransaction, name: string): void {
  ;(transaction as FakeTransaction)._abort(name)
}
