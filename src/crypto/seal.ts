import { subtle, utf8 } from './web-crypto.js'

const VERSION = 1
const IV_BYTES = 12

/** One half of the lock: lives in the record, cannot be exported, is made for one sign-in. */
export async function createSealKey(): Promise<CryptoKey> {
  return subtle().generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

/**
 * Seals a text under both halves of the lock, the key and the ticket, and ties it to its record id.
 * @returns version byte ‖ 12-byte IV ‖ AES-256-GCM ciphertext and tag; the associated data is the version and the id.
 */
export async function seal(key: CryptoKey, id: string, ticket: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const ciphertext = await subtle().encrypt(parameters(iv, id), await sealingKey(key, ticket), utf8(text))
  const sealed = new Uint8Array(1 + IV_BYTES + ciphertext.byteLength)
  sealed[0] = VERSION
  sealed.set(iv, 1)
  sealed.set(new Uint8Array(ciphertext), 1 + IV_BYTES)
  return sealed
}

/** @returns the text, or undefined where key, ticket, id or a single bit is not the one it was sealed with. */
export async function open(
  key: CryptoKey,
  id: string,
  ticket: string,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<string | undefined> {
  try {
    if (sealed[0] !== VERSION) return undefined
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
