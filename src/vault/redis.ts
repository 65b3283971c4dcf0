import { createKeyring, type SealingKey } from '../crypto/keyring.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { errorWith, ProofkeyError } from '../errors.js'
import type { Vault } from './vault.js'

/**
 * What this vault needs of a connected client: `redis` (node-redis, its pool too) has `sendCommand`, `ioredis` (its
 * `Cluster` too) has `call`. For a cluster of node-redis, say where the key is:
 * `{ sendCommand: (args) => cluster.sendCommand(args[1], false, args) }`.
 */
export type RedisClient =
  | { sendCommand(args: string[]): Promise<unknown> }
  | { call(command: string, ...args: string[]): Promise<unknown> }

/** Of {@link redisVault}. */
export interface RedisVaultOptions {
  readonly client: RedisClient
  /** The first one seals, all of them open. With many servers rotate in steps: add it last, then put it first. */
  readonly keys: readonly SealingKey[]
  /** What every key in Redis starts with. @defaultValue `proofkey:` */
  readonly prefix?: string | undefined
}

/** Stands where the sealed text was, which always has a dot: a taken record keeps its owner only. */
const SPENT = 'spent'
/** Clients queue commands while they reconnect, some for ever. */
const TIMEOUT_MS = 5000

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
      const remainingMs = Number(ticket.slice(0, 13)) - Date.now()
      // What ran out while it was away needs no place: its ticket tells.
      if (remainingMs <= 0) return
      const id = await ticketId(ticket)
      const record = `${await keyring.seal(sealedFor(id, owner), ticket, value)} ${owner}`
      // Without NX: a record is found here only when a sign-in is put back over what its take left, or when a client
      // sends again what it got no answer for; NX would refuse both. Nobody else has a ticket of 256 random bits.
      // GET is what take relies on: a Redis too old for it refuses here, before the person leaves.
      await send('SET', prefix + id, record, 'PX', `${remainingMs}`, 'GET')
      const written = await send('GET', prefix + id)
      // Sealed here and back to the letter: it opens. Put back, it may be taken again by now.
      if (written !== record && written !== `${SPENT} ${owner}`) throw unavailable('Redis did not keep the sign-in.')
    },

    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const id = await ticketId(ticket)
      // Looks first, for another owner's record must stay. A record never changes its owner, so this look holds.
      const refused = refusal(await send('GET', prefix + id), owner)
      if (refused) return { status: refused }
      // The take itself, one command: what it gives back tells who won. GETDEL would win as surely, but leave nothing,
      // and until a mark stood in its place the losers would hear `unknown`. XX: what has just expired stays gone.
      const record = await send('SET', prefix + id, `${SPENT} ${owner}`, 'XX', 'KEEPTTL', 'GET').catch((error) => {
        // It may have been taken all the same: a retry is not promised.
        throw errorWith(error as ProofkeyError, { retryable: false })
      })
      const lost = refusal(record, owner)
      if (lost) return { status: lost }
      const value = await keyring.open(sealedFor(id, owner), ticket, sealedOf(record))
      return value === undefined ? { status: 'unreadable' } : { status: 'taken', value }
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
  return sealedOf(record) === SPENT ? 'spent' : undefined
}

type Send = (...command: [name: string, ...args: string[]]) => Promise<string | undefined>

/** Sends one command, and waits for its answer for 5 seconds at most. @throws `config_invalid`; the sender: `storage_unavailable` */
export function redisSender(client: RedisClient): Send {
  const { call, sendCommand } = Object(client)
  if (typeof call !== 'function' && typeof sendCommand !== 'function') {
    throw new ProofkeyError('config_invalid', 'client: not a Redis client.', 'Pass one of redis or ioredis.')
  }
  return async (...command) => {
    try {
      const reply = await withinTime('call' in client ? client.call(...command) : client.sendCommand(command))
      // A client may be set to give bytes.
      return reply === null ? undefined : String(reply)
    } catch (cause) {
      throw unavailable('Redis did not do what the sign-in needs.', cause)
    }
  }
}

/** A command that comes too late changes nothing that matters: after a look that failed, nothing is taken. */
function withinTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Redis did not answer')), TIMEOUT_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

const unavailable = (message: string, cause?: unknown) =>
  new ProofkeyError(
    'storage_unavailable',
    message,
    'Check that Redis (6.2 or later) runs, can be reached, has room, and lets this client GET and SET.',
    { cause, retryable: true },
  )
