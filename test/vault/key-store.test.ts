import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { thumbprintOf } from '../../src/crypto/signing-key.js'
import { keyStore } from '../../src/vault/key-store.js'
import { inKeys } from '../helpers/keys.js'
import { refusal } from '../helpers/refusal.js'
import { tracesOf } from '../helpers/traces.js'

const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
const owner = '["https://as.example","spa"]'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

const thumbprint = async (of = owner, store = keyStore()) => thumbprintOf((await store.load(of)).publicJwk)

describe('the key of an owner', () => {
  it('is the same in ten tabs that ask at once, and after a reload', async () => {
    const tabs = Array.from({ length: 10 }, () => keyStore())
    const prints = await Promise.all(tabs.map((store) => thumbprint(owner, store)))
    expect(new Set(prints).size).toBe(1)
    expect(await thumbprint()).toBe(prints[0])
    expect(await inKeys('readonly', (records) => records.count())).toBe(1)
  })

  it('is that of the tab which was first, also if another one is making one', async () => {
    const generate = crypto.subtle.generateKey.bind(crypto.subtle) as (...given: unknown[]) => Promise<CryptoKeyPair>
    let first: string | undefined
    vi.spyOn(crypto.subtle, 'generateKey').mockImplementationOnce((async (...given: unknown[]) => {
      first = await thumbprint()
      return generate(...given)
    }) as never)
    expect(await thumbprint()).toBe(first)
    expect(await thumbprint()).toBe(first)
    vi.restoreAllMocks()
  })

  it('is no other owner’s', async () => {
    expect(await thumbprint('["https://as.example","other"]')).not.toBe(await thumbprint())
  })

  it('cannot be exported, and what lies there could be read by anybody', async () => {
    await keyStore().load(owner)
    const [record] = await inKeys('readonly', (records) => records.getAll())
    expect(record.privateKey).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] })
    for (const format of ['jwk', 'pkcs8'] as const)
      await expect(crypto.subtle.exportKey(format, record.privateKey)).rejects.toThrow()
    expect(Object.keys(record.publicJwk)).toEqual(['crv', 'kty', 'x', 'y'])
    expect(tracesOf(record.publicJwk.x, record)).toContain('plain')
  })

  it('is another one where it was forgotten, or lost', async () => {
    const store = keyStore()
    const first = await thumbprint(owner, store)
    await store.forget(owner)
    const second = await thumbprint(owner, store)
    expect(second).not.toBe(first)
    await inKeys('readwrite', (records) => records.clear())
    expect([first, second]).not.toContain(await thumbprint(owner, store))
  })

  it('is made anew where the engine gave back a record without it', async () => {
    const first = await thumbprint()
    const record = await inKeys('readonly', (records) => records.get(owner))
    await inKeys('readwrite', (records) => records.put({ ...record, privateKey: null }, owner))
    const second = await thumbprint()
    expect(second).not.toBe(first)
    expect(await thumbprint()).toBe(second)
  })
})

describe('a key that does not sign', () => {
  it.each([
    ['of another kind', aes],
    ['that is none', 'x'],
  ])('gives way to a new one: one %s', async (_, privateKey) => {
    const first = await thumbprint()
    const record = await inKeys('readonly', (records) => records.get(owner))
    await inKeys('readwrite', (records) => records.put({ ...record, privateKey }, owner))
    const second = await thumbprint()
    expect(second).not.toBe(first)
    expect(await thumbprint()).toBe(second)
  })
})

describe('a browser that does not keep keys', () => {
  it('is found out before anything is tied to one: the record comes back empty', async () => {
    const { put } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
      return put.call(this, { ...value, privateKey: undefined }, key)
    })
    await refusal(keyStore().load(owner), 'storage_refused_key')
    vi.restoreAllMocks()
    await keyStore().load(owner)
  })

  it('likewise where it comes back and does not sign', async () => {
    vi.spyOn(crypto.subtle, 'sign').mockRejectedValue(new DOMException('', 'InvalidAccessError'))
    await refusal(keyStore().load(owner), 'storage_refused_key')
    vi.restoreAllMocks()
  })

  it('or refuses to take it', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('', 'DataCloneError')
    })
    await refusal(keyStore().load(owner), 'storage_refused_key')
    vi.restoreAllMocks()
  })

  it('has no storage: nothing is tied to a key in memory only, and forgetting is no failure', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('', 'SecurityError')
    })
    await refusal(keyStore().load(owner), 'storage_unavailable')
    await keyStore().forget(owner)
    vi.restoreAllMocks()
  })
})
