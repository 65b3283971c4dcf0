import { ProofkeyError } from '../errors.js'
import { type RedisClient, redisSender } from './redis-client.js'

/** One attempt to process an id. */
export interface ReplayAttempt {
  readonly id: string
  /** A random text that identifies this attempt's claim. */
  readonly token: string
}

/**
 * Stores which ids were used, for all servers that share it: claim, process, commit. A claim is provisional until the commit,
 * so that a failed attempt, or one that did not learn the result of its claim, does not use up the id. It receives only
 * digests and random texts. If a method rejects, its outcome is unknown.
 */
export interface ReplayCache {
  /**
   * Claims the id for this attempt. Of several concurrent attempts exactly one gets `claimed`; the attempt that already has
   * the claim gets it again.
   * @param leaseMs after this time, in milliseconds, another attempt may claim the id
   * @returns `in_progress`: another attempt has claimed it; `used`: one has committed it
   */
  claim(attempt: ReplayAttempt, leaseMs: number): Promise<'claimed' | 'in_progress' | 'used'>
  /** Marks the id as used until `expiresAtMs` (milliseconds since the epoch), regardless of claims. */
  commit(attempt: ReplayAttempt, expiresAtMs: number): Promise<void>
  /** The attempt failed: ends its claim, but no claim of another attempt. */
  release(attempt: ReplayAttempt): Promise<void>
}

/** Options of {@link memoryReplayCache}. */
export interface MemoryReplayCacheOptions {
  /** The maximum number of entries; the oldest are removed. Default 10,000. */
  readonly maxEntries?: number | undefined
}

/**
 * Stores used ids in the memory of this process; it does not know ids of other processes or from before a restart.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createResourceServer, memoryReplayCache } from 'proofkey/resource-server'
 *
 * const api = createResourceServer({
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   dpop: { replayCache: memoryReplayCache() },
 * })
 * ```
 */
export function memoryReplayCache({ maxEntries = 10_000 }: MemoryReplayCacheOptions = {}): ReplayCache {
  if (!(maxEntries >= 1))
    throw new ProofkeyError('config_invalid', 'maxEntries (number): must be at least 1.', 'Set how many ids to store.')
  /** Without a token: used. */
  const entries = new Map<string, { readonly token?: string; readonly untilMs: number }>()
  return {
    async claim({ id, token }, leaseMs) {
      const entry = entries.get(id)
      if (entry && entry.untilMs > Date.now() && entry.token !== token) return entry.token ? 'in_progress' : 'used'
      entries.delete(id)
      // Entries are nearly in the order of their expiry; an expired one that is not in front is removed later.
      for (const [other, { untilMs }] of entries) {
        if (untilMs > Date.now() && entries.size < maxEntries) break
        entries.delete(other)
      }
      entries.set(id, { token, untilMs: Date.now() + leaseMs })
      return 'claimed'
    },
    async commit({ id }, untilMs) {
      entries.delete(id)
      entries.set(id, { untilMs })
    },
    async release({ id, token }) {
      if (entries.get(id)?.token === token) entries.delete(id)
    },
  }
}

/** Options of {@link redisReplayCache}. */
export interface RedisReplayCacheOptions {
  readonly client: RedisClient
  /** Prefix of all keys in Redis. Default `proofkey:used:`. */
  readonly prefix?: string | undefined
}

const USED = 'used'
/** How often a claim is tried whose id becomes free in between. */
const MAX_TRIES = 5
/** Deletes a claim if it is the caller's. Redis runs a script as one command. */
const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/**
 * Stores used ids in Redis (2.6.12 or later), for several servers: `SET … NX PX` is atomic.
 * @throws `config_invalid` for the client; the methods `storage_unavailable`
 * @example
 * ```ts
 * import { createResourceServer, type RedisClient, redisReplayCache } from 'proofkey/resource-server'
 *
 * declare const client: RedisClient
 * const api = createResourceServer({
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   dpop: { replayCache: redisReplayCache({ client }) },
 * })
 * ```
 */
export function redisReplayCache({ client, prefix = 'proofkey:used:' }: RedisReplayCacheOptions): ReplayCache {
  const send = redisSender(client)
  return {
    async claim({ id, token }, leaseMs) {
      const key = prefix + id
      const claim = `claimed:${token}`
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        if ((await send(key, 'SET', key, claim, 'NX', 'PX', `${leaseMs}`)) !== undefined) return 'claimed'
        const found = await send(key, 'GET', key)
        // Its own claim: the Redis client sent the command again after a lost response.
        if (found === claim) return 'claimed'
        // Without an entry: it expired between the two commands, and the id is free.
        if (found !== undefined) return found === USED ? 'used' : 'in_progress'
      }
      return 'in_progress'
    },
    async commit({ id }, expiresAtMs) {
      await send(prefix + id, 'SET', prefix + id, USED, 'PX', `${Math.max(1, Math.ceil(expiresAtMs - Date.now()))}`)
    },
    async release({ id, token }) {
      await send(prefix + id, 'EVAL', RELEASE, '1', prefix + id, `claimed:${token}`)
    },
  }
}
