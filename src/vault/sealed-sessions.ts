import { createSealKey, open, seal } from '../crypto/seal.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'
import { exclusively } from './lock.js'
import { inTurn, type SessionStore } from './session-store.js'

interface SealedRecord {
  readonly key: CryptoKey
  readonly sealed: Uint8Array<ArrayBuffer>
}

/** The other half of a sign-in's lock is its `state`; a session, which must open after a reload, has none. */
const TICKET = 'session'

/**
 * Keeps the session in IndexedDB, as AES-256-GCM ciphertext under a key that cannot be exported and is made anew with
 * each write; all tabs share it. What reads storage gets no token: a dump, a script or extension that scrapes storage, a
 * backup of it. It does not protect against whoever reads the profile's files, where the key lies too, nor stop script
 * that runs in the page.
 */
export function sealedSessions(): SessionStore {
  const transaction = createDatabase('proofkey-sessions', 'sessions')
  const turn = inTurn()
  return {
    name: 'sealed',

    async read(owner) {
      const record = await transaction('readonly', (records) =>
        promisifyRequest<SealedRecord | undefined>(records.get(owner)),
      )
      return record ? open(record.key, owner, TICKET, record.sealed) : undefined
    },

    async write(owner, text) {
      if (text === undefined) {
        await transaction('readwrite', (records) => promisifyRequest(records.delete(owner)))
        return
      }
      const key = await createSealKey()
      const record: SealedRecord = { key, sealed: await seal(key, owner, TICKET, text) }
      await transaction('readwrite', (records) => promisifyRequest(records.put(record, owner)))
      // Some engines accept a key that they then cannot return.
      if ((await this.read(owner)) === undefined) throw keyRefused()
    },

    exclusive: (owner, work) => turn(owner, () => exclusively(owner, work)),
  }
}
