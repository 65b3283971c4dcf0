import { createStore, promisifyRequest } from 'idb-keyval'
import { createSealKey, open, seal } from '../crypto/seal.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { ProofkeyError } from '../errors.js'
import type { Vault } from './contract.js'

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
  const connect = () => createStore(DATABASE, STORE)
  let store = connect()

  async function transaction<T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => Promise<T>): Promise<T> {
    let givenUp = false
    const run = () =>
      store(mode, async (records) => {
        if (givenUp) throw LATE
        const committed = promisifyRequest(records.transaction)
        // Where a request fails, its own error is the one that tells; the transaction's follows and knows less.
        committed.catch(() => {})
        const result = await work(records)
        await committed
        return result
      })
    try {
      return await withinTime(
        run().catch((error) => {
          // The connection died between open and use: nothing ran yet, so a new one may try.
          if (error?.name !== 'InvalidStateError') throw error
          store = connect()
          return run()
        }),
      )
    } catch (cause) {
      // What comes too late must change nothing; a connection that failed is not used again.
      givenUp = true
      store = connect()
      throw storageError(cause)
    }
  }

  return {
    name: 'indexeddb',

    // Opening is what takes longest.
    prepare: () => void transaction('readonly', async () => {}).catch(() => {}),

    async put(ticket, owner, value) {
      const [id, key] = await Promise.all([ticketId(ticket), createSealKey()])
      const sealed = await seal(key, id + owner, ticket, value)
      await transaction('readwrite', async (records) => {
        await makeRoom(records)
        await promisifyRequest(records.put({ owner, key, sealed } satisfies StoredRecord, id))
      })
      // Read back and used: some engines accept a key that they then cannot return.
      const written = await transaction('readonly', (records) => promisifyRequest<StoredRecord>(records.get(id)))
      if ((await openRecord(written, id, ticket)) !== value) throw keyRefused()
    },

    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const id = await ticketId(ticket)
      const found = await transaction('readwrite', async (records) => {
        const record = await promisifyRequest<StoredRecord | undefined>(records.get(id))
        if (!record) return 'unknown'
        if (record.owner !== owner) return 'other_owner'
        if (!record.key) return 'spent'
        await promisifyRequest(records.put({ owner } satisfies StoredRecord, id))
        return record
      })
      if (typeof found === 'string') return { status: found }
      const value = await openRecord(found, id, ticket)
      return value === undefined ? { status: 'unreadable' } : { status: 'taken', value }
    },
  }
}

async function openRecord(record: StoredRecord | undefined, id: string, ticket: string): Promise<string | undefined> {
  return record?.key && record.sealed ? open(record.key, id + record.owner, ticket, record.sealed) : undefined
}

/** Ids start with their expiry: one range holds all that are stale, and the first ones expire first. */
async function makeRoom(records: IDBObjectStore): Promise<void> {
  records.delete(IDBKeyRange.upperBound(`${Date.now()}`))
  const excess = (await promisifyRequest(records.count())) - MAX_RECORDS + 1
  if (excess > 0) {
    const oldest = await promisifyRequest(records.getAllKeys(null, excess))
    records.delete(IDBKeyRange.upperBound(oldest.at(-1)))
  }
}

const LATE = new Error('IndexedDB did not answer')

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(LATE), TIMEOUT_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function storageError(cause: unknown): ProofkeyError {
  const { name } = Object(cause)
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
    retryable: true,
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
