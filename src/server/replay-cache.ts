import { configInvalid } from '../protocol/authorize/begin.js'
import { type RedisClient, redisSender } from '../vault/redis.js'

/** Remembers what was used, for all servers that share it. Sees digests only. */
export interface ReplayCache {
  /** Of any number of callers with one id exactly one hears `true`, until the time (milliseconds since the epoch) is over. */
  claim(id: string, expiresAtMs: number): Promise<boolean>
  /** Forgets an id: what it was claimed for was not done. */
  release(id: string): Promise<void>
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
  const expiries = new Map<string, number>()
  return {
    async claim(id, expiresAtMs) {
      if ((expiries.get(id) ?? 0) > Date.now()) return false
      expiries.delete(id)
      // They come in the order in which they expire, or nearly: what is over and not in front goes a little later.
      for (const [other, expiry] of expiries) {
        if (expiry > Date.now() && expiries.size < maxEntries) break
        expiries.delete(other)
      }
      expiries.set(id, expiresAtMs)
      return true
    },
    async release(id) {
      expiries.delete(id)
    },
  }
}

/** Of {@link redisReplayCache}. */
export interface RedisReplayCacheOptions {
  readonly client: RedisClient
  /** What every key in Redis starts with. Default `proofkey:used:`. */
  readonly prefix?: string | undefined
}

/**
 * Remembers in Redis (2.6.12 or later), for many servers: one `SET … NX PX` decides who is first.
 * @throws `config_invalid` for the client
 */
export function redisReplayCache({ client, prefix = 'proofkey:used:' }: RedisReplayCacheOptions): ReplayCache {
  const send = redisSender(client)
  return {
    async claim(id, expiresAtMs) {
      const remainingMs = Math.ceil(expiresAtMs - Date.now())
      return (await send('SET', prefix + id, '1', 'NX', 'PX', `${Math.max(1, remainingMs)}`)) !== undefined
    },
    async release(id) {
      await send('DEL', prefix + id)
    },
  }
}
