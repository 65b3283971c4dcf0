import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import { MAX_RESPONSE_HEAD_BYTES } from '../../limits.js'
import { configInvalid } from '../../protocol/authorize/begin.js'
import { inTurn, type SessionStore, type StoredText } from '../../vault/session-store.js'
import {
  endedText,
  factsOf,
  isSecret,
  keptMs,
  type RecordLifetime,
  type ServerSessionRecord,
  type ServerSessionStore,
} from './server-session-store.js'

/** Options of {@link memoryServerSessions}. */
export interface MemoryServerSessionsOptions {
  /**
   * The maximum number of sessions; the ones that were written longest ago are removed, and their tokens are not revoked.
   * Default 10,000.
   */
  readonly maxSessions?: number | undefined
}

interface Entry {
  readonly texts: Map<string, StoredText>
  /** The owner whose text is the session, and what it says. */
  main?: string
  facts?: ReturnType<typeof factsOf> | undefined
  expiresAtMs: number
  /** What was there when a back-channel logout ended it, by owner. */
  ended?: ReadonlyMap<string, StoredText>
  readonly exclusive: SessionStore['exclusive']
}

/**
 * Stores sessions in the memory of this process: for development, and for an app with one process. A restart ends them.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { clientSecretBasic, createServerSessionClient, memoryServerSessions, sealedCookie } from 'proofkey/server'
 *
 * const keys = [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }]
 * const auth = createServerSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/auth/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys }),
 *   sessionStore: memoryServerSessions(), // one process; a restart ends them
 * })
 * ```
 */
export function memoryServerSessions({ maxSessions = 10_000 }: MemoryServerSessionsOptions = {}): ServerSessionStore {
  if (!(maxSessions >= 1)) throw configInvalid(['maxSessions (number): must be at least 1'])
  /** By a digest of the secret, so that a dump of the memory contains no cookie. In the order of their last write. */
  const entries = new Map<string, Entry>()

  function live(id: string): Entry | undefined {
    const entry = entries.get(id)
    if (entry && entry.expiresAtMs > Date.now()) return entry
    entries.delete(id)
    return undefined
  }

  function keep(id: string, entry: Entry) {
    entries.delete(id)
    entries.set(id, entry)
    for (const [other, { expiresAtMs }] of entries) {
      if (expiresAtMs > Date.now()) break
      entries.delete(other)
    }
    // What is no session gives way first: anyone can write that, by a sign-out with a cookie of their own making.
    for (const isSession of [false, true])
      for (const [other, { facts }] of entries) {
        if (entries.size <= maxSessions) return
        if (!!facts === isSession) entries.delete(other)
      }
  }

  async function record(secret: string, lifetime: RecordLifetime): Promise<ServerSessionRecord> {
    const id = await sha256(secret)
    const turn = live(id)?.exclusive ?? inTurn()
    return {
      id,
      name: 'memory',
      shared: true,
      cookie: async () => secret,
      read: async (owner) => live(id)?.texts.get(owner) ?? { epoch: 0, text: undefined },

      async replace(owner, expectedEpoch, next) {
        const entry: Entry = live(id) ?? { texts: new Map(), expiresAtMs: 0, exclusive: turn }
        if ((entry.texts.get(owner)?.epoch ?? 0) !== expectedEpoch) return false
        entry.texts.set(owner, next)
        const facts = factsOf(next, lifetime)
        if (facts) entry.main = owner
        if (owner === entry.main) entry.facts = facts
        entry.expiresAtMs = Date.now() + keptMs(entry.facts?.endsAtMs, lifetime)
        keep(id, entry)
        return true
      },

      exclusive: (owner, work) => (live(id)?.exclusive ?? turn)(owner, work),

      async takeEnded(owner) {
        const { ended } = live(id) ?? {}
        const text = ended?.get(owner)?.text
        if (text !== undefined) live(id)!.ended = new Map()
        return text
      },
    }
  }

  return {
    name: 'memory',
    maxHeadBytes: MAX_RESPONSE_HEAD_BYTES,
    open: async (cookie, lifetime) => (isSecret(cookie) ? record(cookie, lifetime) : undefined),
    create: (lifetime) => record(randomToken(), lifetime),

    async endSessions({ issuer, subject, sessionId }) {
      for (const entry of entries.values()) {
        const { facts } = entry
        const isMeant = sessionId === undefined ? facts?.subject === subject : facts?.sessionId === sessionId
        if (!facts || facts.issuer !== issuer || !isMeant) continue
        entry.ended = new Map(entry.texts)
        for (const [owner, { epoch }] of entry.texts) entry.texts.set(owner, endedText(epoch + 1))
        entry.facts = undefined
      }
    },
  }
}
