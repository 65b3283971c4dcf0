import { randomToken } from '../crypto/random.js'
import { open, type SealedRecord, sealRecord } from '../crypto/seal.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'
import type { Vault } from './vault.js'

/** A record. After a take it contains only the owner and the token of the take, so that a second take is detected. */
interface StoredRecord extends Partial<SealedRecord> {
  readonly owner: string
  readonly takenBy?: string
}

/** The maximum number of records, taken ones included; the ones that expire first are removed. */
const MAX_RECORDS = 100

/** Ids of documents are lists, which come after all texts (Indexed Database API §2.4), and so after the ids of sign-ins. */
const AFTER_SIGN_INS: IDBValidKey = []

/**
 * Stores sign-ins in IndexedDB, encrypted with AES-256-GCM. The key is derived from a non-extractable key in the record and
 * from the ticket, which is not stored. A dump, a script or extension that scrapes storage, or a backup of it does not reveal
 * the verifier. It does not protect against someone who reads the files of the browser profile, which contain the key and,
 * in the history, the ticket, nor against scripts in the page. At most 100 records; expired ones are deleted at the next
 * write. The server's metadata is kept beside them, in plain text. Its methods throw `storage_unavailable`, `storage_full`, `storage_refused_key`, `storage_outcome_unknown`.
 * @example
 * ```ts
 * import { createClient, indexedDbVault } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   vault: indexedDbVault(), // the default
 * })
 * ```
 */
export function indexedDbVault(): Vault {
  const transaction = createDatabase('proofkey', 'sign-ins')

  return {
    name: 'indexeddb',

    // Opening takes longest.
    prepare: () => void transaction('readonly', async () => {}).catch(() => {}),

    async put(ticket, owner, value) {
      const id = await ticketId(ticket)
      const record: StoredRecord = { owner, ...(await sealRecord(id + owner, ticket, value)) }
      const dropped = await transaction('readwrite', async (records) => {
        const dropped = await makeRoom(records)
        await promisifyRequest(records.put(record, id))
        return dropped
      })
      // Read back and use it: some engines accept a key that they cannot return.
      const written = await transaction('readonly', (records) =>
        promisifyRequest<StoredRecord | undefined>(records.get(id)),
      )
      if ((await open(written?.key, id + owner, ticket, written?.sealed)) !== value) throw keyRefused()
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
      const value = await open(found.key, id + owner, ticket, found.sealed)
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

    // In the same store: a sign-in that is stored next waits for this write, and so does leaving the page.
    documents: {
      read: (id) => transaction('readonly', (records) => promisifyRequest<string | undefined>(records.get([id]))),
      write: (id, text) =>
        transaction('readwrite', async (records) => {
          if (text) records.put(text, [id])
          else records.delete([id])
        }),
    },
  }
}

/**
 * Ids start with the expiry, so one range contains all expired records, and the first ids expire first.
 * @returns the ids of the pending sign-ins that were removed
 */
async function makeRoom(records: IDBObjectStore): Promise<string[]> {
  records.delete(IDBKeyRange.upperBound(`${Date.now()}`))
  const ids = (await promisifyRequest(records.getAllKeys(IDBKeyRange.upperBound(AFTER_SIGN_INS)))) as string[]
  const excess = ids.slice(0, 1 - MAX_RECORDS)
  if (!excess[0]) return excess
  const oldest = await promisifyRequest<StoredRecord[]>(records.getAll(null, excess.length))
  records.delete(IDBKeyRange.upperBound(excess.at(-1)))
  return excess.filter((_, index) => oldest[index]?.key)
}
