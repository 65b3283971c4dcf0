import { subtle, utf8 } from './web-crypto.js'

const VERSION = 1
const IV_BYTES = 12

/** A sealed text with its key, as they are stored together. */
export interface SealedRecord {
  readonly key: CryptoKey
  readonly sealed: Uint8Array<ArrayBuffer>
}

/** {@link seal} with a new key that cannot be exported. */
export async function sealRecord(id: string, ticket: string, text: string): Promise<SealedRecord> {
  const key = await subtle().generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return { key, sealed: await seal(key, id, ticket, text) }
}

/**
 * Encrypts a text. Decryption needs both the key and the ticket. A sign-in's ticket is not stored, only its URLs contain it.
 * The record id is authenticated, so that a value cannot be moved to another record.
 * @returns version byte ‖ 12-byte IV ‖ AES-256-GCM ciphertext and tag; the associated data is the version and the id
 */
export async function seal(key: CryptoKey, id: string, ticket: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return sealWith(await sealingKey(key, ticket), id, text)
}

/** {@link seal} with the key that {@link sealingKey} has derived. */
export async function sealWith(derived: CryptoKey, id: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const ciphertext = await subtle().encrypt(parameters(iv, id), derived, utf8(text))
  const sealed = new Uint8Array(1 + IV_BYTES + ciphertext.byteLength)
  sealed.set([VERSION, ...iv])
  sealed.set(new Uint8Array(ciphertext), 1 + IV_BYTES)
  return sealed
}

/** Decrypts a text. @returns undefined if key, ticket or id is missing or another one, or if a bit was changed */
export async function open(
  key: CryptoKey | undefined,
  id: string,
  ticket: string,
  sealed: Uint8Array<ArrayBuffer> | undefined,
): Promise<string | undefined> {
  try {
    // Without a key this throws too.
    return await openWith(await sealingKey(key as CryptoKey, ticket), id, sealed)
  } catch {}
}

/** {@link open} with the key that {@link sealingKey} has derived. @throws if it does not decrypt it */
export async function openWith(
  derived: CryptoKey,
  id: string,
  sealed: Uint8Array<ArrayBuffer> | undefined,
): Promise<string | undefined> {
  if (sealed?.[0] !== VERSION) return undefined
  const iv = sealed.subarray(1, 1 + IV_BYTES)
  const text = await subtle().decrypt(parameters(iv, id), derived, sealed.subarray(1 + IV_BYTES))
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
}

const parameters = (iv: Uint8Array<ArrayBuffer>, id: string): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: utf8(VERSION + id),
})

/** The key of a record: derived from the stored key and the ticket. */
export async function sealingKey(key: CryptoKey, ticket: string): Promise<CryptoKey> {
  const derived = await subtle().sign('HMAC', key, utf8(`proofkey seal ${ticket}`))
  return subtle().importKey('raw', derived, 'AES-GCM', false, ['encrypt', 'decrypt'])
}
