import { createSigningKey, ES256, type SigningKey } from '../crypto/signing-key.js'
import { subtle } from '../crypto/web-crypto.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'

/** One signing key for each owner, in this browser only. */
export interface KeyStore {
  /** The owner's key, the same in all tabs; generated if there is none. */
  load(owner: string): Promise<SigningKey>
  /** Deletes the key. A failure is ignored, because the key is useless without its tokens. */
  forget(owner: string): Promise<void>
}

/**
 * Stores non-extractable keys in IndexedDB. There is no fallback to memory: a sign-in by redirect would lose the key, and its
 * tokens would be useless.
 */
export function keyStore(): KeyStore {
  const transaction = createDatabase('proofkey-keys', 'keys')
  const read = (records: IDBObjectStore, owner: string) =>
    promisifyRequest<SigningKey | undefined>(records.get(owner)).then((found) =>
      found?.privateKey ? found : undefined,
    )
  const find = (owner: string) => transaction('readonly', (records) => read(records, owner))
  const forget = (owner: string) =>
    transaction('readwrite', (records) => promisifyRequest(records.delete(owner))).catch(() => {})

  return {
    async load(owner) {
      const found = await find(owner)
      if (found && (await signs(found))) return found
      // Replace a key that cannot sign: with it the user could never sign in again.
      if (found) await forget(owner)
      const made = await createSigningKey()
      // If another tab was first, use its key.
      await transaction('readwrite', async (records) => {
        if (!(await read(records, owner))) await promisifyRequest(records.put(made, owner))
      })
      // Read back and use it: some engines accept a key that they cannot return.
      const kept = await find(owner)
      if (!kept || !(await signs(kept))) throw keyRefused()
      return kept
    },

    forget,
  }
}

const signs = ({ privateKey }: SigningKey): Promise<boolean> =>
  subtle()
    .sign(ES256, privateKey, new Uint8Array())
    .then(
      () => true,
      () => false,
    )
