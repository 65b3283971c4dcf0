import { createSigningKey, ES256, type SigningKey } from '../crypto/signing-key.js'
import { subtle } from '../crypto/web-crypto.js'
import { createDatabase, keyRefused, promisifyRequest } from './database.js'

/** One signing key for each owner, in this browser only. */
export interface KeyStore {
  /** The owner's key, made where there is none: all tabs have the same. */
  load(owner: string): Promise<SigningKey>
  /** Deletes it, as far as the storage lets; it is good for nothing without what was tied to it. */
  forget(owner: string): Promise<void>
}

/**
 * Keeps keys in IndexedDB; none can be exported. There is no fallback to memory: what is tied to a key must not outlive it,
 * and a sign-in by redirect would.
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
      // One that does not sign would keep the person out for ever.
      if (found) await forget(owner)
      const made = await createSigningKey()
      // Whoever was first has made it for all.
      await transaction('readwrite', async (records) => {
        if (!(await read(records, owner))) await promisifyRequest(records.put(made, owner))
      })
      // Read back and used: some engines accept a key that they then cannot return.
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
