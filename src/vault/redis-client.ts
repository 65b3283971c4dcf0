import { ProofkeyError } from '../errors.js'
import { withinTime } from '../limits.js'

/**
 * A connected client: `ioredis` (also its `Cluster`) has `call`; `redis` (node-redis, also its pool, cluster and sentinel)
 * has `sendCommand`, and needs an `error` listener: without one, Node ends the process when a connection breaks.
 */
export type RedisClient = IoRedis | NodeRedis | NodeRedisCluster | NodeRedisSentinel

interface IoRedis {
  call(command: string, ...args: string[]): Promise<unknown>
}
interface NodeRedis {
  sendCommand(args: string[]): Promise<unknown>
}
/** Selects the node by the key. */
interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>
}
/** Has to be told that the command needs the master. */
interface NodeRedisSentinel {
  getMasterNode(): unknown
  sendCommand(isReadonly: boolean | undefined, args: string[]): Promise<unknown>
}

type Command = readonly [name: string, ...args: string[]]
/** @param key the key of the command */
type Send = (key: string, ...command: Command) => Promise<string | undefined>

/** Clients queue commands while they reconnect, some forever. */
const TIMEOUT_MS = 5000

/**
 * Sends one command to the node of its key, and waits at most 5 seconds for the reply. If it fails, the command may have run,
 * or may still run.
 * @throws `config_invalid`; the sender: `storage_unavailable`
 */
export function redisSender(client: RedisClient): Send {
  const send = senderOf(client)
  return async (key, ...command) => {
    try {
      const reply = await withinTime(send(key, [...command]), TIMEOUT_MS, () => new Error('Redis did not answer'))
      // A client can be configured to return bytes.
      return reply === null ? undefined : String(reply)
    } catch (cause) {
      throw redisUnavailable('Redis rejected the command or did not answer.', cause)
    }
  }
}

function senderOf(client: RedisClient): (key: string, command: string[]) => Promise<unknown> {
  const { call, sendCommand, listenerCount } = Object(client)
  if (typeof call === 'function') return (_, [name = '', ...args]) => (client as IoRedis).call(name, ...args)
  if (typeof sendCommand !== 'function')
    throw new ProofkeyError(
      'config_invalid',
      'client (object): must be a Redis client.',
      'Pass a client of redis or ioredis.',
    )
  if (typeof listenerCount === 'function' && !(client as unknown as Emitter).listenerCount('error')) {
    throw new ProofkeyError(
      'config_invalid',
      "client (object): it has no 'error' listener, so the process would end when Redis restarts.",
      "Call client.on('error', (error) => …) first, and log the error there.",
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
    'Check that Redis (6.2 or later) runs, can be reached, has space, and allows GET, SET and EVAL for this client.',
    { cause, retryable: true },
  )
