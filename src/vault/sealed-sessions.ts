import { createSealKey, open, seal } from '../crypto/seal.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'
import { exclusively } from './lock.js'
import { inTurn, type SessionStore } from './session-store.js'

interface SealedRecord {
  readonly key: CryptoKey
  readonly sealed: Uint8Array<ArrayBuffer>
}

/** A sign-in's key is derived from its `state` too; a session has none, because it must be readable after a reload. */
const TICKET = 'session'

/**
 * Stores the session in IndexedDB, encrypted with AES-256-GCM under a non-extractable key that is new for each write; all
 * tabs share it. A dump, a script or extension that scrapes storage, or a backup of it does not reveal a token. It does not
 * protect against someone who reads the files of the browser profile, which contain the key, nor against scripts in the page.
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
      // Some engines accept a key that they cannot return.
      if ((await this.read(owner)) === undefined) throw keyRefused()
    },

    exclusive: (owner, work) => turn(owner, () => exclusively(owner, work)),
  }
}
