import { configInvalid } from '../protocol/authorize/begin.js'
import { type RedisClient, redisSender } from '../vault/redis-client.js'

/** One try to do what an id stands for. */
export interface ReplayAttempt {
  readonly id: string
  /** A random text of this attempt's own: it proves that a claim is this one's, and nobody else's. */
  readonly token: string
}

/**
 * Remembers what was used, for all servers that share it: claim, do the work, commit. A claim is provisional until then,
 * so that an attempt that died, or that never learned whether its claim was taken, does not use the id up. Sees digests
 * and random texts only. Where a method rejects, its outcome is not known.
 */
export interface ReplayCache {
  /**
   * Claims the id for this attempt. Of any number of attempts at the same time exactly one hears `claimed`; so does the
   * attempt that has the claim already.
   * @param leaseMs after so many milliseconds another attempt may claim it
   * @returns `in_progress`: another attempt has claimed it; `used`: one has committed it
   */
  claim(attempt: ReplayAttempt, leaseMs: number): Promise<'claimed' | 'in_progress' | 'used'>
  /** The work is done: the id is used until then (milliseconds since the epoch), whoever has a claim to it. */
  commit(attempt: ReplayAttempt, expiresAtMs: number): Promise<void>
  /** The work was not done: ends this attempt's claim, and nobody else's. */
  release(attempt: ReplayAttempt): Promise<void>
}

/** Of {@link memoryReplayCache}. */
export interface MemoryReplayCacheOptions {
  /** At most this many are remembered; the oldest give way. Default 10,000. */
  readonly maxEntries?: number | undefined
}

/**
 * Remembers in this process's memory; what came to another process, or before a restart, it does not know.
 * @throws `config_invalid`
 */
export function memoryReplayCache({ maxEntries = 10_000 }: MemoryReplayCacheOptions = {}): ReplayCache {
  if (!(maxEntries >= 1)) throw configInvalid(['maxEntries: a number from 1'])
  /** Without a token: used. */
  const entries = new Map<string, { readonly token?: string; readonly untilMs: number }>()
  return {
    async claim({ id, token }, leaseMs) {
      const entry = entries.get(id)
      if (entry && entry.untilMs > Date.now() && entry.token !== token) return entry.token ? 'in_progress' : 'used'
      entries.delete(id)
      // They come in the order in which they expire, or nearly: what is over and not in front goes a little later.
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

/** Of {@link redisReplayCache}. */
export interface RedisReplayCacheOptions {
  readonly client: RedisClient
  /** What every key in Redis starts with. Default `proofkey:used:`. */
  readonly prefix?: string | undefined
}

const USED = 'used'
/** Deletes a claim where it is the caller's. Redis runs a script as one command. */
const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/**
 * Remembers in Redis (2.6.12 or later), for many servers: one `SET … NX PX` decides who is first.
 * @throws `config_invalid` for the client; the methods `storage_unavailable`
 */
export function redisReplayCache({ client, prefix = 'proofkey:used:' }: RedisReplayCacheOptions): ReplayCache {
  const send = redisSender(client)
  return {
    async claim({ id, token }, leaseMs) {
      const key = prefix + id
      const claim = `claimed:${token}`
      if ((await send(key, 'SET', key, claim, 'NX', 'PX', `${leaseMs}`)) !== undefined) return 'claimed'
      const found = await send(key, 'GET', key)
      // Its own claim: the client sent the command again after a lost answer.
      if (found === claim) return 'claimed'
      return found === USED ? 'used' : 'in_progress'
    },
    async commit({ id }, expiresAtMs) {
      await send(prefix + id, 'SET', prefix + id, USED, 'PX', `${Math.max(1, Math.ceil(expiresAtMs - Date.now()))}`)
    },
    async release({ id, token }) {
      await send(prefix + id, 'EVAL', RELEASE, '1', prefix + id, `claimed:${token}`)
    },
  }
}
