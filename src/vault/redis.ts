import { createKeyring, type SealingKey } from '../crypto/keyring.js'
import { randomToken } from '../crypto/random.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { outcomeUnknown } from '../errors.js'
import { type RedisClient, redisSender, redisUnavailable } from './redis-client.js'
import type { Vault } from './vault.js'

/** Options of {@link redisVault}. */
export interface RedisVaultOptions {
  readonly client: RedisClient
  /** The first key encrypts, all keys decrypt. To rotate on several servers, add the new key last, then move it to the front. */
  readonly keys: readonly SealingKey[]
  /** Prefix of all keys in Redis. Default `proofkey:`. */
  readonly prefix?: string | undefined
}

/** Replaces the encrypted text of a taken record, with the token of the take. Encrypted text always contains a dot. */
const SPENT = 'spent:'
/** Puts a record back if it still has the mark of this take. Redis runs a script as one command. */
const PUT_BACK = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`

/**
 * Stores sign-ins in Redis (6.2 or later), for several servers, encrypted with AES-256-GCM. The key is derived from the
 * application's key and the ticket; Redis receives neither. Records expire with the sign-in.
 *
 * A sign-in can be taken once across all servers. This depends on Redis: a replica that becomes the master before it has
 * received a take may return the record again. The code is then still single-use at the authorization server.
 * @throws `config_invalid` for the client or the keys
 * @example
 * ```ts
 * import { type RedisClient, redisVault } from 'proofkey/server'
 *
 * declare const client: RedisClient
 * const vault = redisVault({ client, keys: [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }] })
 * ```
 */
export function redisVault({ client, keys, prefix = 'proofkey:' }: RedisVaultOptions): Vault {
  const send = redisSender(client)
  const keyring = createKeyring(keys)

  return {
    name: 'redis',

    async put(ticket, owner, value) {
      const id = await ticketId(ticket)
      const key = prefix + id
      const record = `${await keyring.seal(sealedFor(id, owner), ticket, value)} ${owner}`
      // Without NX: a record exists only if the Redis client repeats a command that got no response, and NX would reject
      // that. Tickets have 256 random bits, so no other sign-in has this key.
      // With GET, which take needs too: a Redis too old for it fails here, before the redirect.
      const remainingMs = Math.max(1, Number(ticket.slice(0, 13)) - Date.now())
      await send(key, 'SET', key, record, 'PX', `${remainingMs}`, 'GET')
      // Identical to what was encrypted here, so it can be decrypted.
      if ((await send(key, 'GET', key)) !== record) throw redisUnavailable('Redis did not keep the sign-in.')
      return undefined
    },

    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const id = await ticketId(ticket)
      const key = prefix + id
      // Read first: a record of another owner must not be changed. The owner of a record never changes.
      const found = await send(key, 'GET', key)
      const status = failedStatus(found, owner)
      if (status) return { status }
      const spent = `${SPENT}${randomToken()} ${owner}`
      // The take is one command; its reply tells which caller won. GETDEL is atomic too, but leaves no mark, so the other
      // callers would get `unknown`. XX: a record that has just expired is not created again.
      const before = await send(key, 'SET', key, spent, 'XX', 'KEEPTTL', 'GET').catch(({ cause }) => {
        throw outcomeUnknown(cause)
      })
      // Its own mark: the Redis client repeated the command after a lost response, and the first one took the record.
      const record = before === spent ? found : before
      const lost = failedStatus(record, owner)
      if (lost) return { status: lost }
      const value = await keyring.open(sealedFor(id, owner), ticket, sealedOf(record))
      if (value === undefined) return { status: 'unreadable' }
      const putBack = async () =>
        !ticketIsExpired(ticket) && (await send(key, 'EVAL', PUT_BACK, '1', key, spent, `${record}`)) === '1'
      return { status: 'taken', value, putBack }
    },
  }
}

/** The encryption is bound to id and owner, so a record that was moved to another client cannot be decrypted. */
const sealedFor = (id: string, owner: string) => `${id} ${owner}`

/** A record is the encrypted text, a space, and the owner. */
const sealedOf = (record = '') => record.slice(0, record.indexOf(' '))
const ownerOf = (record: string) => record.slice(record.indexOf(' ') + 1)

function failedStatus(record: string | undefined, owner: string): 'unknown' | 'other_owner' | 'spent' | undefined {
  if (record === undefined) return 'unknown'
  if (ownerOf(record) !== owner) return 'other_owner'
  return sealedOf(record).startsWith(SPENT) ? 'spent' : undefined
}
