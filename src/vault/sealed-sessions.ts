import { open, type SealedRecord, sealRecord } from '../crypto/seal.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'
import { exclusively } from './lock.js'
import { inTurn, type SessionStore, type StoredText } from './session-store.js'

/** Without a key where there is no text. */
interface StoredSession extends Partial<SealedRecord> {
  readonly epoch: number
}

/** A sign-in's key is derived from its `state` too; a session has none, because it must be readable after a reload. */
const TICKET = 'session'

/**
 * Stores the session in IndexedDB, encrypted with AES-256-GCM under a non-extractable key that is new for each write; all
 * tabs share it. A dump, a script or extension that scrapes storage, or a backup of it does not reveal a token. It does not
 * protect against someone who reads the files of the browser profile, which contain the key, nor against scripts in the page.
 * @example
 * ```ts
 * import { createSessionClient, sealedSessions } from 'proofkey'
 *
 * const auth = createSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   sessionStore: sealedSessions(), // survives a reload, shared by all tabs
 * })
 * ```
 */
export function sealedSessions(): SessionStore {
  const transaction = createDatabase('proofkey-sessions', 'sessions')
  const turn = inTurn()
  const get = (records: IDBObjectStore, owner: string) =>
    promisifyRequest<StoredSession | undefined>(records.get(owner))

  async function read(owner: string): Promise<StoredText> {
    const { epoch = 0, key, sealed } = (await transaction('readonly', (records) => get(records, owner))) ?? {}
    return { epoch, text: await open(key, owner, TICKET, sealed) }
  }

  return {
    name: 'sealed',
    shared: true,
    read,

    async replace(owner, expectedEpoch, { epoch, text }) {
      const record: StoredSession = { epoch, ...(text !== undefined && (await sealRecord(owner, TICKET, text))) }
      const replaced = await transaction('readwrite', async (records) => {
        if (((await get(records, owner))?.epoch ?? 0) !== expectedEpoch) return false
        await promisifyRequest(records.put(record, owner))
        return true
      })
      // Some engines accept a key that they cannot return: read it back, unless another tab was faster.
      const written = replaced && text !== undefined ? await read(owner) : undefined
      if (written?.epoch === epoch && written.text === undefined) throw keyRefused()
      return replaced
    },

    exclusive: (owner, work) => turn(owner, () => exclusively(owner, work)),
  }
}
