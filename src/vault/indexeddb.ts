import { randomToken } from '../crypto/random.js'
import { createSealKey, open, seal } from '../crypto/seal.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'
import type { Vault } from './vault.js'

/** What lies in the database. A taken record keeps its owner and the take's token, so that a second take is known as one. */
interface StoredRecord {
  readonly owner: string
  readonly takenBy?: string
  readonly key?: CryptoKey
  readonly sealed?: Uint8Array<ArrayBuffer>
}

/** At most this many records, spent ones included; the ones that expire first give way. */
const MAX_RECORDS = 100

/**
 * Keeps sign-ins sealed in IndexedDB: AES-256-GCM under a key that needs both a non-extractable key kept in the record
 * and the ticket, which is not. What reads storage gets no verifier: a dump, a script or extension that scrapes storage, a
 * backup of it. It does not protect against whoever reads the profile's files, where the key lies and, in the history,
 * the ticket, nor stop script that runs in the page. At most 100 records; expired ones go with the next write.
 * Its methods fail with `storage_unavailable`, `storage_full`, `storage_refused_key`, `storage_outcome_unknown`.
 */
export function indexedDbVault(): Vault {
  const transaction = createDatabase('proofkey', 'sign-ins')

  return {
    name: 'indexeddb',

    // Opening is what takes longest.
    prepare: () => void transaction('readonly', async () => {}).catch(() => {}),

    async put(ticket, owner, value) {
      const [id, key] = await Promise.all([ticketId(ticket), createSealKey()])
      const sealed = await seal(key, id + owner, ticket, value)
      const dropped = await transaction('readwrite', async (records) => {
        const dropped = await makeRoom(records)
        await promisifyRequest(records.put({ owner, key, sealed } satisfies StoredRecord, id))
        return dropped
      })
      // Read back and used: some engines accept a key that they then cannot return.
      const written = await transaction('readonly', (records) => promisifyRequest<StoredRecord>(records.get(id)))
      if ((await openRecord(written, id, ticket)) !== value) throw keyRefused()
      return dropped
    },

    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const id = await ticketId(ticket)
      const spent: StoredRecord = { owner, takenBy: randomToken() }
      const found = await transaction('readwrite', async (records) => {
        const record = await promisifyRequest<StoredRecord | undefined>(records.get(id))
        if (!record) return 'unknown'
        if (record.owner !== owner) return 'other_owner'
        if (!record.key) return 'spent'
        await promisifyRequest(records.put(spent, id))
        return record
      })
      if (typeof found === 'string') return { status: found }
      const value = await openRecord(found, id, ticket)
      if (value === undefined) return { status: 'unreadable' }
      const putBack = () =>
        transaction('readwrite', async (records) => {
          const left = await promisifyRequest<StoredRecord | undefined>(records.get(id))
          if (left?.takenBy !== spent.takenBy || ticketIsExpired(ticket)) return false
          await promisifyRequest(records.put(found, id))
          return true
        })
      return { status: 'taken', value, putBack }
    },
  }
}

async function openRecord(record: StoredRecord | undefined, id: string, ticket: string): Promise<string | undefined> {
  return record?.key && record.sealed ? open(record.key, id + record.owner, ticket, record.sealed) : undefined
}

/**
 * Ids start with their expiry: one range holds all that are stale, and the first ones expire first.
 * @returns the ids of those that waited
 */
async function makeRoom(records: IDBObjectStore): Promise<string[]> {
  records.delete(IDBKeyRange.upperBound(`${Date.now()}`))
  const ids = (await promisifyRequest(records.getAllKeys())) as string[]
  const excess = ids.slice(0, 1 - MAX_RECORDS)
  if (!excess[0]) return excess
  const oldest = await promisifyRequest<StoredRecord[]>(records.getAll(null, excess.length))
  records.delete(IDBKeyRange.upperBound(excess.at(-1)))
  return excess.filter((_, index) => oldest[index]?.key)
}
