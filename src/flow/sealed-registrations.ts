import { open, type SealedRecord, sealRecord } from '../crypto/seal.js'
import type { ClientRegistration, ClientRegistrations } from '../protocol/client-auth/registrations.js'
import { createDatabase, keyRefused, promisifyRequest } from '../vault/database.js'
import { exclusively } from '../vault/lock.js'

/** The client id is public; it tells which registration is to be deleted. */
interface StoredRegistration extends SealedRecord {
  readonly clientId: string
}

const TICKET = 'registration'

/**
 * Stores registered clients in IndexedDB, encrypted with AES-256-GCM under a non-extractable key, because they may hold a
 * secret; all tabs share them and register once. It protects against what reads the storage, not against scripts in the page.
 * Its methods throw `storage_unavailable`, `storage_full`, `storage_refused_key`, `storage_outcome_unknown`.
 * @param name for several apps of one origin: each has registrations of its own
 * @example
 * ```ts
 * import { sealedRegistrations } from 'proofkey'
 * import { type CheckedMetadata, identifyClient } from 'proofkey/protocol'
 *
 * declare const server: CheckedMetadata
 * const client = await identifyClient(server, {
 *   redirectUri: 'https://app.example.com/callback',
 *   register: { clientName: 'My agent' },
 *   registrations: sealedRegistrations(),
 * })
 * ```
 */
export function sealedRegistrations(name = ''): ClientRegistrations {
  const transaction = createDatabase('proofkey-registrations', 'registrations')
  const idOf = (issuer: string) => JSON.stringify([name, issuer])
  const find = (records: IDBObjectStore, id: string) =>
    promisifyRequest<StoredRegistration | undefined>(records.get(id))

  async function opened(id: string, record: StoredRegistration | undefined) {
    const text = await open(record?.key, id, TICKET, record?.sealed)
    return text === undefined ? undefined : (JSON.parse(text) as ClientRegistration)
  }

  const get = async (id: string) => opened(id, await transaction('readonly', (records) => find(records, id)))

  return {
    get: (issuer) => get(idOf(issuer)),

    async add(issuer, registration) {
      const id = idOf(issuer)
      const own = { clientId: registration.clientId, ...(await sealRecord(id, TICKET, JSON.stringify(registration))) }
      // One that cannot be decrypted is replaced: nobody can use it.
      const unreadable = await transaction('readonly', (records) => find(records, id))
      const isLost = unreadable && !(await opened(id, unreadable))
      await transaction('readwrite', async (records) => {
        const found = await find(records, id)
        if (!found || (isLost && found.clientId === unreadable.clientId)) await promisifyRequest(records.put(own, id))
      })
      // Read back and decrypted: some engines accept a key that they cannot return.
      const kept = await get(id)
      if (!kept) throw keyRefused()
      return kept
    },

    delete: (issuer, clientId) =>
      transaction('readwrite', async (records) => {
        if ((await find(records, idOf(issuer)))?.clientId !== clientId) return false
        await promisifyRequest(records.delete(idOf(issuer)))
        return true
      }),

    exclusive: (issuer, work) => exclusively(`registration ${idOf(issuer)}`, work),
  }
}
