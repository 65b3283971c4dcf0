import { createStore, promisifyRequest } from 'idb-keyval'
import { createSealKey, open, seal } from '../crypto/seal.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { subtle } from '../crypto/web-crypto.js'
import { ProofkeyError } from '../errors.js'
import type { Taken, Vault } from './contract.js'

/** What lies in the database. A taken record keeps its owner only, so that a second take is known as one. */
interface StoredRecord {
  readonly owner: string
  readonly key?: CryptoKey
  readonly sealed?: Uint8Array<ArrayBuffer>
}

/** At most this many records, spent ones included; the ones that expire first give way. */
const MAX_RECORDS = 100

const DATABASE = 'proofkey'
const STORE = 'sign-ins'
/** Some engines leave an open request unanswered for ever. */
const TIMEOUT_MS = 5000

/**
 * Keeps sign-ins sealed in IndexedDB: AES-256-GCM under a key that needs both a non-extractable key kept in the record
 * and the ticket, which is never stored. At most 100 records; expired ones go with the next write.
 */
export function indexedDbVault(): Vault {
  let store = createStore(DATABASE, STORE)

  async function transaction<T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => Promise<T>): Promise<T> {
    try {
      return await within(
        store(mode, work).catch((error) => {
          // The connection died between open and use: nothing ran yet, so a new one may try.
          if (error?.name !== 'InvalidStateError') throw error
          store = createStore(DATABASE, STORE)
          return store(mode, work)
        }),
      )
    } catch (cause) {
      throw storageError(cause)
    }
  }

  return {
    name: 'indexeddb',

    async put(ticket, owner, value) {
      subtle()
      const [id, key] = await Promise.all([ticketId(ticket), createSealKey()])
      const sealed = await seal(key, id, ticket, value)
      await transaction('readwrite', (records) => {
        records.put({ owner, key, sealed } satisfies StoredRecord, id)
        sweep(records)
        return promisifyRequest(records.transaction)
      })
      // Read back and used: some engines accept a key that they then cannot return.
      const written: StoredRecord | undefined = await transaction('readonly', (records) =>
        promisifyRequest(records.get(id)),
      )
      if (!written?.key || !written.sealed || (await open(written.key, id, ticket, written.sealed)) !== value) {
        throw keyRefused()
      }
    },

    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const id = await ticketId(ticket)
      const found = await transaction('readwrite', async (records) => {
        const done = promisifyRequest(records.transaction)
        const record: StoredRecord | undefined = await promisifyRequest(records.get(id))
        const status = !record ? 'unknown' : record.owner !== owner ? 'other_owner' : !record.key ? 'spent' : undefined
        if (!status) records.put({ owner } satisfies StoredRecord, id)
        await done
        return status ?? record
      })
      if (typeof found === 'string') return { status: found }
      const value = found?.key && found.sealed && (await open(found.key, id, ticket, found.sealed))
      return (value === undefined ? { status: 'unreadable' } : { status: 'taken', value }) as Taken
    },
  }
}

/** Ids start with their expiry: one range holds all that are stale, and the first ones expire first. */
function sweep(records: IDBObjectStore): void {
  records.delete(IDBKeyRange.upperBound(`${Date.now()}`))
  records.count().onsuccess = (counted) => {
    const excess = (counted.target as IDBRequest<number>).result - MAX_RECORDS
    if (excess > 0) {
      records.getAllKeys(null, excess).onsuccess = (listed) => {
        const oldest = (listed.target as IDBRequest<IDBValidKey[]>).result
        records.delete(IDBKeyRange.upperBound(oldest.at(-1)))
      }
    }
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('IndexedDB did not answer')), TIMEOUT_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function storageError(cause: unknown): ProofkeyError {
  const { name } = cause as Error
  if (name === 'DataCloneError') return keyRefused(cause)
  if (name === 'QuotaExceededError') {
    return new ProofkeyError(
      'storage_full',
      'The browser has no room for the sign-in.',
      'Free space for this site, then try again.',
      { cause },
    )
  }
  return new ProofkeyError('storage_unavailable', 'IndexedDB cannot be used here.', 'Allow site data for this page.', {
    cause,
  })
}

function keyRefused(cause?: unknown): ProofkeyError {
  return new ProofkeyError(
    'storage_refused_key',
    'The browser did not keep the sealing key.',
    'Leave private browsing or lockdown mode.',
    { cause },
  )
}
