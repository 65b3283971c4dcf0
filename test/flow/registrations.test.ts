import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sealedRegistrations } from '../../src/index.js'
import {
  type ClientRegistrations,
  identifyClient,
  memoryRegistrations,
  ProofkeyError,
  type ServerMetadata,
} from '../../src/protocol.js'
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

describe('memoryRegistrations', () => {
  describeRegistrations(() => memory)

  it('lets the first of several at once win', async () => {
    const added = await Promise.all(['a', 'b', 'c'].map((id) => memory.add(AS, registration(id))))
    expect(new Set(added.map(({ clientId }) => clientId))).toEqual(new Set(['a']))
    expect((await memory.get(AS))?.clientId).toBe('a')
  })

  it('drops the oldest of more than it may hold, and nothing for one that it has', async () => {
    const store = memoryRegistrations({ maxEntries: 2 })
    const issuers = ['https://a.example', 'https://b.example', 'https://c.example'] as const
    for (const issuer of issuers) await store.add(issuer, registration(issuer, { issuer }))
    expect(await Promise.all(issuers.map(async (issuer) => (await store.get(issuer))?.clientId))).toEqual([
      undefined,
      ...issuers.slice(1),
    ])
    await store.add(issuers[1], registration('another'))
    expect(await store.get(issuers[2])).toBeDefined()
    // By default there is an end too.
    const many = memoryRegistrations()
    for (let count = 0; count <= 1000; count++) await many.add(`https://${count}.example`, registration('a'))
    expect([await many.get('https://0.example'), (await many.get('https://1.example'))?.clientId]).toEqual([
      undefined,
      'a',
    ])
  })

  it.each([0, -1, Number.NaN])('does not hold %s', (maxEntries) => {
    expect(() => memoryRegistrations({ maxEntries })).toThrow(/maxEntries/)
  })

  it('may hold one', async () => {
    const store = memoryRegistrations({ maxEntries: 1 })
    await store.add(AS, registration('a'))
    expect((await store.get(AS))?.clientId).toBe('a')
  })
})
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

  it('replaces nothing that another tab has put in the place of what nobody can read', async () => {
    await sealedRegistrations().add('https://b.example', registration('moved'))
    const [record] = await raw()
    await raw((records) => records.put(record, JSON.stringify(['', AS])))
    const open = crypto.subtle.decrypt.bind(crypto.subtle)
    vi.spyOn(crypto.subtle, 'decrypt').mockImplementationOnce(async (...given) => {
      expect((await sealedRegistrations().add(AS, registration('first'))).clientId).toBe('first')
      return open(...given)
    })
    expect((await sealedRegistrations().add(AS, registration('second'))).clientId).toBe('first')
  })

  it('says so where the browser gives no key back', async () => {
    const put = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, record, id) {
      return put.call(this, { ...record, key: undefined }, id)
    })
    await refusal(sealedRegistrations().add(AS, registration('a')), 'storage_refused_key')
  })

  it('says so where the browser keeps no key', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('', 'DataCloneError')
    })
    await refusal(sealedRegistrations().add(AS, registration('a')), 'storage_refused_key')
  })
})

it.each([
  ['one after the other, by a Web Lock', createLocks(), 1],
  ['at once, where there are no Web Locks', undefined, 10],
  [
    'at once, where the page may not use them',
    { request: () => Promise.reject(new DOMException('', 'SecurityError')) },
    10,
  ],
])('is one client in ten tabs that register %s', async (_, locks, requests) => {
  vi.stubGlobal('navigator', { locks })
  const server = { issuer: AS, registration_endpoint: `${AS}/register` } as ServerMetadata
  const asked: string[] = []
  const fetch = async () => Response.json({ client_id: `${asked.push('')}` }, { status: 201 })
  const inTab = () =>
    identifyClient(server, {
      ...{ redirectUri: 'https://app.example/callback', register: {}, fetch },
      registrations: sealedRegistrations(),
    })
  const clients = await Promise.all(Array.from({ length: 10 }, inTab))
  expect(new Set(clients.map(({ clientId }) => clientId)).size).toBe(1)
  expect(asked).toHaveLength(requests)
  // The server has forgotten it; each tab hears that for itself.
  const unknown = new ProofkeyError('token_request_refused', 'It was refused.', '', {
    serverError: { error: 'invalid_client' },
  })
  const ids = new Set<string>()
  for (const client of clients) {
    await client.forgetIfRefused(unknown)
    ids.add((await inTab()).clientId)
  }
  expect(ids.size).toBe(1)
  expect(ids).not.toContain(clients[0]?.clientId)
})
