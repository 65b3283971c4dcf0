import { ProofkeyError } from '../errors.js'
import { base64url, fromBase64url } from './base64url.js'
import { openWith, sealingKey, sealWith } from './seal.js'
import { subtle } from './web-crypto.js'

/** A secret key of the application that encrypts what is stored outside the server. */
export interface SealingKey {
  /** Stored with each encrypted value, to find its key again: 1 to 16 letters, digits, `-` or `_`. */
  readonly id: string
  /** At least 32 random bytes, as base64 or base64url: `openssl rand -base64 32`. */
  readonly secret: string
}

/**
 * Encrypts with the first key and decrypts with any. To rotate on several servers: add the new key at the end on all of
 * them, then move it to the front, then remove the old one.
 */
export interface Keyring {
  /** @returns key id ‖ `.` ‖ base64url of the result of {@link seal} */
  seal(id: string, ticket: string, text: string): Promise<string>
  /** @returns undefined if no key decrypts it */
  open(id: string, ticket: string, sealed: string): Promise<string | undefined>
}

/** @throws `config_invalid` if there is no key, or if a key is too short, or its id invalid or not unique */
export function createKeyring(keys: readonly SealingKey[]): Keyring {
  const secrets = new Map<string, Uint8Array<ArrayBuffer>>()
  const loaded = new Map<string, Promise<CryptoKey>>()
  const withoutTicket = new Map<string, Promise<CryptoKey | undefined>>()
  for (const key of Array.isArray(keys) ? keys : []) {
    const { id, secret } = Object(key)
    const bytes = decode(secret)
    if (typeof id !== 'string' || !/^[\w-]{1,16}$/.test(id))
      throw sealingKeysInvalid(`an id (${typeof id}) is not 1 to 16 of A-Z a-z 0-9 _ -`, 'Change that id.')
    if (secrets.has(id)) throw sealingKeysInvalid(`two keys have the id ${id}`, 'Give each key its own id.')
    if (!bytes) throw sealingKeysInvalid(`the secret of ${id} (${typeof secret}) is not base64`)
    if (bytes.length < 32) throw sealingKeysInvalid(`the secret of ${id} has ${bytes.length} bytes, 32 are required`)
    secrets.set(id, bytes)
  }
  const [first] = secrets.keys()
  if (first === undefined) throw sealingKeysInvalid('there is no key')

  function load(id: string): Promise<CryptoKey> | undefined {
    const bytes = secrets.get(id)
    if (bytes && !loaded.has(id)) {
      loaded.set(id, subtle().importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']))
    }
    return loaded.get(id)
  }

  async function derive(keyId: string, ticket: string): Promise<CryptoKey | undefined> {
    const key = await load(keyId)
    return key && sealingKey(key, ticket)
  }

  /** Without a ticket, all values of a key have the same derived key: that one is kept. */
  function derivedKey(keyId: string, ticket: string): Promise<CryptoKey | undefined> {
    if (ticket || !secrets.has(keyId)) return derive(keyId, ticket)
    const known = withoutTicket.get(keyId) ?? derive(keyId, '')
    withoutTicket.set(keyId, known)
    return known
  }

  return {
    async seal(id, ticket, text) {
      const key = (await derivedKey(first, ticket)) as CryptoKey
      return `${first}.${base64url(await sealWith(key, id, text))}`
    },
    async open(id, ticket, sealed) {
      const [keyId = '', body = ''] = sealed.split('.')
      try {
        const key = await derivedKey(keyId, ticket)
        return key && (await openWith(key, id, decode(body)))
      } catch {
        return undefined
      }
    },
  }
}

function decode(text: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64url(text as string)
  } catch {
    return undefined
  }
}

const sealingKeysInvalid = (what: string, hint = 'Generate a secret with openssl rand -base64 32.') =>
  new ProofkeyError('config_invalid', `keys: ${what}.`, hint)
