import { createKeyring, type SealingKey } from '../crypto/keyring.js'
import { randomToken } from '../crypto/random.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { outcomeUnknown } from '../errors.js'
import { type RedisClient, redisSender, redisUnavailable } from './redis-client.js'
import type { Vault } from './vault.js'

/** Of {@link redisVault}. */
export interface RedisVaultOptions {
  readonly client: RedisClient
  /** The first one seals, all of them open. With many servers rotate in steps: add it last, then put it first. */
  readonly keys: readonly SealingKey[]
  /** What every key in Redis starts with. @defaultValue `proofkey:` */
  readonly prefix?: string | undefined
}

/** Starts what stands where the sealed text was, which always has a dot: a taken record keeps its owner and the take's token. */
const SPENT = 'spent:'
/** Puts a record back over the mark of one take, and over nothing else. Redis runs a script as one command. */
const PUT_BACK = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`

/**
 * Keeps sign-ins sealed in Redis (6.2 or later), for many servers: AES-256-GCM under a key that needs both the
 * application's key and the ticket, neither of which Redis ever sees. Records go with their expiry.
 *
 * A sign-in is handed out once, whichever server asks. That is as firm as Redis is: a replica that takes over before it
 * has heard of a take may hand out again, and the code, single-use at the authorization server, is what is left.
 * @throws `config_invalid` for the client or the keys
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
      // Without NX: a record is found here only when a client sends again what it got no answer for, and NX would refuse
      // that. Nobody else has a ticket of 256 random bits.
      // GET is what take relies on: a Redis too old for it refuses here, before the person leaves.
      const remainingMs = Math.max(1, Number(ticket.slice(0, 13)) - Date.now())
      await send(key, 'SET', key, record, 'PX', `${remainingMs}`, 'GET')
      // Sealed here and back to the letter: it opens.
      if ((await send(key, 'GET', key)) !== record) throw redisUnavailable('Redis did not keep the sign-in.')
      return undefined
    },

    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const id = await ticketId(ticket)
      const key = prefix + id
      // Looks first, for another owner's record must stay. A record never changes its owner, so this look holds.
      const found = await send(key, 'GET', key)
      const refused = refusal(found, owner)
      if (refused) return { status: refused }
      const spent = `${SPENT}${randomToken()} ${owner}`
      // The take itself, one command: what it gives back tells who won. GETDEL is atomic too, but leaves no mark: the
      // losers would get `unknown`. XX: what has just expired stays gone.
      const before = await send(key, 'SET', key, spent, 'XX', 'KEEPTTL', 'GET').catch(({ cause }) => {
        throw outcomeUnknown(cause)
      })
      // Its own mark: the client sent the command again after a lost answer, and the first one took what was found.
      const record = before === spent ? found : before
      const lost = refusal(record, owner)
      if (lost) return { status: lost }
      const value = await keyring.open(sealedFor(id, owner), ticket, sealedOf(record))
      if (value === undefined) return { status: 'unreadable' }
      const putBack = async () =>
        !ticketIsExpired(ticket) && (await send(key, 'EVAL', PUT_BACK, '1', key, spent, `${record}`)) === '1'
      return { status: 'taken', value, putBack }
    },
  }
}

/** The seal holds for this id and this owner, so that a record renamed to another client does not open. */
const sealedFor = (id: string, owner: string) => `${id} ${owner}`

/** A record is the sealed text, a space, the owner. */
const sealedOf = (record = '') => record.slice(0, record.indexOf(' '))
const ownerOf = (record: string) => record.slice(record.indexOf(' ') + 1)

function refusal(record: string | undefined, owner: string): 'unknown' | 'other_owner' | 'spent' | undefined {
  if (record === undefined) return 'unknown'
  if (ownerOf(record) !== owner) return 'other_owner'
  return sealedOf(record).startsWith(SPENT) ? 'spent' : undefined
}
