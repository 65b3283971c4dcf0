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
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const ciphertext = await subtle().encrypt(parameters(iv, id), await sealingKey(key, ticket), utf8(text))
  return new Uint8Array([VERSION, ...iv, ...new Uint8Array(ciphertext)])
}

/** Decrypts a text. @returns undefined if key, ticket or id is missing or another one, or if a bit was changed */
export async function open(
  key: CryptoKey | undefined,
  id: string,
  ticket: string,
  sealed: Uint8Array<ArrayBuffer> | undefined,
): Promise<string | undefined> {
  try {
    if (!key || sealed?.[0] !== VERSION) return undefined
    const iv = sealed.slice(1, 1 + IV_BYTES)
    const text = await subtle().decrypt(parameters(iv, id), await sealingKey(key, ticket), sealed.slice(1 + IV_BYTES))
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
  } catch {
    return undefined
  }
}

const parameters = (iv: Uint8Array<ArrayBuffer>, id: string): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: utf8(VERSION + id),
})

async function sealingKey(key: CryptoKey, ticket: string): Promise<CryptoKey> {
  const derived = await subtle().sign('HMAC', key, utf8(`proofkey seal ${ticket}`))
  return subtle().importKey('raw', derived, 'AES-GCM', false, ['encrypt', 'decrypt'])
}
