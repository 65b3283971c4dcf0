import { ProofkeyError } from '../errors.js'
import { base64url, fromBase64url } from './base64url.js'
import { open, seal } from './seal.js'
import { subtle } from './web-crypto.js'

/** One of the application's sealing keys. */
export interface SealingKey {
  /** Names the key in what it sealed: 1 to 16 letters, digits, `-` or `_`. */
  readonly id: string
  /** At least 32 random bytes, as base64 or base64url: `openssl rand -base64 32`. */
  readonly secret: string
}

/**
 * Seals with the first key and opens with any. To rotate on many servers: add the new key last everywhere, then move it
 * to the front, then drop the old one.
 */
export interface Keyring {
  /** @returns key id ‖ `.` ‖ base64url of what {@link seal} gives */
  seal(id: string, ticket: string, text: string): Promise<string>
  /** @returns undefined where no key opens it */
  open(id: string, ticket: string, sealed: string): Promise<string | undefined>
}

/** @throws `config_invalid` where a key is missing, too short, or named twice */
export function createKeyring(keys: readonly SealingKey[]): Keyring {
  const secrets = new Map<string, Uint8Array<ArrayBuffer>>()
  const loaded = new Map<string, Promise<CryptoKey>>()
  for (const key of Array.isArray(keys) ? keys : []) {
    const { id, secret } = Object(key)
    const bytes = decode(secret)
    if (typeof id !== 'string' || !/^[\w-]{1,16}$/.test(id) || secrets.has(id))
      throw sealingKeysInvalid('ids must be different, 1 to 16 of A-Z a-z 0-9 _ -')
    if (!bytes || bytes.length < 32) throw sealingKeysInvalid('each secret needs 32 bytes or more, as base64')
    secrets.set(id, bytes)
  }
  const [first] = secrets.keys()
  if (first === undefined) throw sealingKeysInvalid('there must be one')

  function load(id: string): Promise<CryptoKey> | undefined {
    const bytes = secrets.get(id)
    if (bytes && !loaded.has(id)) {
      loaded.set(id, subtle().importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']))
    }
    return loaded.get(id)
  }

  return {
    async seal(id, ticket, text) {
      const key = await load(first)
      return `${first}.${base64url(await seal(key as CryptoKey, id, ticket, text))}`
    },
    async open(id, ticket, sealed) {
      const [keyId = '', body = ''] = sealed.split('.')
      const key = await load(keyId)
      const bytes = decode(body)
      return key && bytes && open(key, id, ticket, bytes)
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

const sealingKeysInvalid = (what: string) =>
  new ProofkeyError('config_invalid', `keys: ${what}.`, 'Make one with openssl rand -base64 32.')
