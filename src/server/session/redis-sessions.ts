import { sha256 } from '../../crypto/digest.js'
import { createKeyring, type SealingKey } from '../../crypto/keyring.js'
import { randomToken } from '../../crypto/random.js'
import { MAX_RESPONSE_HEAD_BYTES } from '../../limits.js'
import { type RedisClient, redisSender, redisUnavailable } from '../../vault/redis-client.js'
import { inTurn, type StoredText } from '../../vault/session-store.js'
import { END, INDEX, READ, RELEASE, REPLACE, TAKE_ENDED } from './redis-scripts.js'
import {
  type EndedSessions,
  endedText,
  factsOf,
  isSecret,
  keptMs,
  type RecordLifetime,
  type ServerSessionRecord,
  type ServerSessionStore,
} from './server-session-store.js'

/** Options of {@link redisSessions}. */
export interface RedisSessionsOptions {
  readonly client: RedisClient
  /** The first key encrypts, all keys decrypt. To rotate on several servers, add the new key last, then move it to the front. */
  readonly keys: readonly SealingKey[]
  /** Prefix of all keys in Redis. Default `proofkey:session:`. */
  readonly prefix?: string | undefined
}

/** How long one server may refresh a session before another takes over: longer than a refresh may take. */
const LEASE_MS = 45_000
/** How often a server that waits for the lease asks for it. */
const LEASE_POLL_MS = { first: 20, most: 250 }

/**
 * Stores sessions in Redis (6.2 or later), for several servers. The key of a record is a digest of the cookie's secret. The
 * record is encrypted with AES-256-GCM; its key is derived from the application's key and that secret, so that neither a dump
 * of Redis with the application's key nor a stolen cookie with a dump of Redis opens it.
 *
 * One server refreshes a session at a time, by a lease. If a lease is lost (a server that hangs for 45 seconds), the epoch of
 * the record decides: of two writers the second one is refused. A back-channel logout finds the sessions by an index of
 * digests of `sub` and `sid`.
 *
 * What Redis loses reads as signed out. A replica that becomes the master before it has received a write has the state
 * before it: after a refresh, the user may have to sign in again; after a sign-out, the deleted cookie opens the session again,
 * whose tokens are revoked, until it ends by its limits.
 * @throws `config_invalid` for the client or the keys; the methods `storage_unavailable`
 * @example
 * ```ts
 * import { clientSecretBasic, createServerSessionClient, type RedisClient, redisSessions, sealedCookie } from 'proofkey/server'
 *
 * declare const client: RedisClient
 * const keys = [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }]
 * const auth = createServerSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/auth/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys }),
 *   sessionStore: redisSessions({ client, keys }),
 * })
 * ```
 */
export function redisSessions({
  client,
  keys,
  prefix = 'proofkey:session:',
}: RedisSessionsOptions): ServerSessionStore {
  const send = redisSender(client)
  const keyring = createKeyring(keys)
  const run = (script: string, key: string, ...args: (string | number)[]) =>
    send(key, 'EVAL', script, '1', key, ...args.map(String))
  const indexKeys = ({ issuer, subject, sessionId }: Record<keyof EndedSessions, unknown>) =>
    Promise.all(
      [
        ['sub', subject],
        ['sid', sessionId],
      ].flatMap(([name, value]) =>
        typeof value === 'string'
          ? [sha256(JSON.stringify([issuer, name, value])).then((id) => `${prefix}${name}:${id}`)]
          : [],
      ),
    )

  async function record(secret: string, lifetime: RecordLifetime): Promise<ServerSessionRecord> {
    const id = await sha256(secret)
    const key = prefix + id
    const turn = inTurn()
    const sealedFor = (owner: string) => `${id} ${owner}`
    const open = (owner: string, sealed: string) =>
      sealed ? keyring.open(sealedFor(owner), secret, sealed) : Promise.resolve(undefined)
    /** What was read last, by owner. Redis is asked each time; what it repeats is not decrypted again. */
    const reads = new Map<string, { readonly reply: string; readonly found: StoredText; readonly facts: Facts }>()
    /** When the session that was read or written last ends at the latest. */
    let endsAtMs: number | undefined
    let main: string | undefined
    let indexed: string | undefined

    function note(owner: string, facts: Facts) {
      if (facts) main = owner
      if (owner === main) endsAtMs = facts?.endsAtMs
    }

    /** Before the record, so that no record is without its index. */
    async function index(facts: Facts) {
      const names = facts?.subject === undefined ? [] : await indexKeys(facts as typeof facts & EndedSessions)
      if (!names[0] || indexed === names.join()) return
      await Promise.all(
        names.map((name) => run(INDEX, name, key, Date.now(), Math.ceil(Date.now() + keptUntil(facts)))),
      )
      indexed = names.join()
    }
    const keptUntil = (facts: Facts) => keptMs(facts?.endsAtMs, { ...lifetime, idleMs: Infinity })

    return {
      id,
      name: 'redis',
      shared: true,
      cookie: async () => secret,

      async read(owner) {
        const reply = (await run(READ, key, owner)) ?? ''
        const last = reads.get(owner)
        if (last?.reply === reply) {
          note(owner, last.facts)
          return last.found
        }
        const [, epochText = '0', ended, sealed = ''] = /^(\d+) ([01]) (.*)$/.exec(reply) ?? noRecord
        const epoch = Number(epochText)
        const found = ended === '1' ? endedText(epoch) : { epoch, text: await open(owner, sealed) }
        const facts = factsOf(found, lifetime)
        note(owner, facts)
        reads.set(owner, { reply, found, facts })
        return found
      },

      async replace(owner, expectedEpoch, { epoch, text }) {
        const facts = factsOf({ epoch, text }, lifetime)
        await index(facts)
        note(owner, facts)
        const sealed = text === undefined ? '' : await keyring.seal(sealedFor(owner), secret, text)
        const done = await run(REPLACE, key, owner, expectedEpoch, epoch, sealed, keptMs(endsAtMs, lifetime))
        return done === '1'
      },

      exclusive: (owner, work) =>
        turn(owner, async () => {
          const lease = `${key}:lease`
          const token = randomToken()
          await acquire(lease, token)
          try {
            return await work()
          } finally {
            // A lease that cannot be released ends by itself.
            await run(RELEASE, lease, token).catch(() => {})
          }
        }),

      async takeEnded(owner) {
        return open(owner, (await run(TAKE_ENDED, key, owner)) ?? '')
      },
    }
  }

  async function acquire(lease: string, token: string): Promise<void> {
    const startedAt = performance.now()
    for (let pause = LEASE_POLL_MS.first; ; pause = Math.min(pause * 1.5, LEASE_POLL_MS.most)) {
      const got = await send(lease, 'SET', lease, token, 'NX', 'PX', `${LEASE_MS}`)
      // Its own: the Redis client sent the command again after a lost response.
      if (got !== undefined || (await send(lease, 'GET', lease)) === token) return
      if (performance.now() - startedAt > 2 * LEASE_MS)
        throw redisUnavailable('Other servers hold the lease of this session.')
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)))
    }
  }

  return {
    name: 'redis',
    maxHeadBytes: MAX_RESPONSE_HEAD_BYTES,
    open: async (cookie, lifetime) => (isSecret(cookie) ? record(cookie, lifetime) : undefined),
    create: (lifetime) => record(randomToken(), lifetime),

    async endSessions(which) {
      const { sessionId } = which
      // With both, the token names one session of the user.
      const names = await indexKeys(sessionId === undefined ? which : { ...which, subject: undefined })
      for (const name of names) {
        const members = await send(
          name,
          'EVAL',
          `return table.concat(redis.call('ZRANGE', KEYS[1], 0, -1), ' ')`,
          '1',
          name,
        )
        await Promise.all((members ?? '').split(' ').map((key) => key && run(END, key)))
      }
    },
  }
}

type Facts = ReturnType<typeof factsOf>

const noRecord = ['', '0', '0', ''] as const
