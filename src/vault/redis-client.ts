import { ProofkeyError } from '../errors.js'
import { withinTime } from './within-time.js'

/**
 * A connected client: `ioredis` (its `Cluster` too) has `call`; `redis` (node-redis, its pool, cluster and sentinel too)
 * has `sendCommand`, and needs an `error` listener: without one, node-redis ends the process when a connection breaks.
 */
export type RedisClient = IoRedis | NodeRedis | NodeRedisCluster | NodeRedisSentinel

interface IoRedis {
  call(command: string, ...args: string[]): Promise<unknown>
}
interface NodeRedis {
  sendCommand(args: string[]): Promise<unknown>
}
/** Has to be told which key decides on the node. */
interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>
}
/** Has to be told that a replica will not do. */
interface NodeRedisSentinel {
  getMasterNode(): unknown
  sendCommand(isReadonly: boolean | undefined, args: string[]): Promise<unknown>
}

type Command = readonly [name: string, ...args: string[]]
/** @param key the one key that the command is about */
type Send = (key: string, ...command: Command) => Promise<string | undefined>

/** Clients queue commands while they reconnect, some for ever. */
const TIMEOUT_MS = 5000

/**
 * Sends one command to the node that has its key, and waits for its answer for 5 seconds at most. Where it fails, the
 * command may have been run, or may still be.
 * @throws `config_invalid`; the sender: `storage_unavailable`
 */
export function redisSender(client: RedisClient): Send {
  const send = senderOf(client)
  return async (key, ...command) => {
    try {
      const reply = await withinTime(send(key, [...command]), TIMEOUT_MS, () => new Error('Redis did not answer'))
      // A client may be set to give bytes.
      return reply === null ? undefined : String(reply)
    } catch (cause) {
      throw redisUnavailable('Redis did not do what the sign-in needs.', cause)
    }
  }
}

function senderOf(client: RedisClient): (key: string, command: string[]) => Promise<unknown> {
  const { call, sendCommand, listenerCount } = Object(client)
  if (typeof call === 'function') return (_, [name = '', ...args]) => (client as IoRedis).call(name, ...args)
  if (typeof sendCommand !== 'function')
    throw new ProofkeyError('config_invalid', 'client: not a Redis client.', 'Pass one of redis or ioredis.')
  if (typeof listenerCount === 'function' && !(client as unknown as Emitter).listenerCount('error')) {
    throw new ProofkeyError(
      'config_invalid',
      "client: it has no 'error' listener, so the process would end when Redis restarts.",
      "Call client.on('error', (error) => …) before, and log the error there.",
    )
  }
  if ('masters' in client) return (key, command) => client.sendCommand(key, false, command)
  if ('getMasterNode' in client) return (_, command) => client.sendCommand(false, command)
  return (_, command) => (client as NodeRedis).sendCommand(command)
}

interface Emitter {
  listenerCount(event: string): number
}

export const redisUnavailable = (message: string, cause?: unknown) =>
  new ProofkeyError(
    'storage_unavailable',
    message,
    'Check that Redis (6.2 or later) runs, can be reached, has room, and lets this client GET, SET and EVAL.',
    { cause, retryable: true },
  )
