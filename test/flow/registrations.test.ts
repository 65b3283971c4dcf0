import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sealedRegistrations } from '../../src/index.js'
import { type ClientRegistrations, memoryRegistrations } from '../../src/protocol.js'
import { describeRegistrations, registration } from '../contracts/client-registrations.js'
import { createLocks } from '../helpers/locks.js'
import { refusal } from '../helpers/refusal.js'

const AS = 'https://as.example'

let memory: ClientRegistrations
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  memory = memoryRegistrations()
  vi.stubGlobal('navigator', { locks: createLocks() })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('memoryRegistrations', () => describeRegistrations(() => memory))
describe('sealedRegistrations', () => {
  describeRegistrations(() => sealedRegistrations())

  const raw = async (change?: (records: IDBObjectStore) => void) => {
    const request = indexedDB.open('proofkey-registrations')
    const database = await new Promise<IDBDatabase>((resolve) => {
      request.onsuccess = () => resolve(request.result)
    })
    const transaction = database.transaction('registrations', 'readwrite')
    const records = transaction.objectStore('registrations')
    change?.(records)
    const all = records.getAll()
    await new Promise((resolve) => {
      transaction.oncomplete = resolve
    })
    database.close()
    return all.result
  }

  it('keeps the secret encrypted, with a key that cannot be exported', async () => {
    const clientSecret = 'the-secret-of-the-registration'
    await sealedRegistrations().add(AS, registration('a', { method: 'client_secret_post', clientSecret }))
    const [record] = await raw()
    expect(record.key.extractable).toBe(false)
    const text = new TextDecoder('latin1').decode(record.sealed)
    expect(text + JSON.stringify(record)).not.toContain(clientSecret.slice(0, 8))
    // Moved to another issuer, it opens nothing.
    await raw((records) => records.put(record, JSON.stringify(['', 'https://b.example'])))
    expect(await sealedRegistrations().get('https://b.example')).toBeUndefined()
  })

  it('is separate for each app of an origin that has a name', async () => {
    await sealedRegistrations('one').add(AS, registration('a'))
    expect(await sealedRegistrations('two').get(AS)).toBeUndefined()
    expect(await sealedRegistrations('one').get(AS)).toBeDefined()
  })

  it('replaces what nobody can read', async () => {
    await sealedRegistrations().add(AS, registration('a'))
    await raw((records) => records.put({ clientId: 'a', sealed: new Uint8Array([1, 2, 3]) }, JSON.stringify(['', AS])))
    expect(await sealedRegistrations().get(AS)).toBeUndefined()
    expect((await sealedRegistrations().add(AS, registration('b'))).clientId).toBe('b')
  })

  it('says so where the browser keeps no key', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('', 'DataCloneError')
    })
    await refusal(sealedRegistrations().add(AS, registration('a')), 'storage_refused_key')
  })
})
