import type { EventBody } from '../../events.js'
import type { createFlow } from '../../flow/flow.js'
import type { Fetch } from '../../protocol/request.js'
import type { Tokens } from '../../protocol/token/complete.js'
import { fetchOf, routesTo, tokenFetch } from '../../session/api-fetch.js'
import { revokeAll, tokensOf } from '../../session/dispose.js'
import { createSessionMachine } from '../../session/session-machine.js'
import type { SessionParts } from '../../session/session-parts.js'
import type { StoredSession } from '../../session/session-record.js'
import { fromText, sessionOf } from '../../session/session-state.js'
import { createTokenSource } from '../../session/token-source.js'
import type { Background } from './background.js'
import type { CheckedSessionConfig } from './server-session-config.js'
import type { EndedSessions, ServerSessionRecord } from './server-session-store.js'

/** A session that requests of this process use: they share its state and its refresh. */
export interface LiveSession {
  readonly record: ServerSessionRecord
  readonly parts: SessionParts
  /** Sends requests with the access tokens of the session. */
  readonly fetch: Fetch
  /** A sign-in of the same browser has replaced it: `same_user` goes on with its tokens. */
  replacedBy?: 'same_user' | 'other_user'
  /**
   * Reads the store, and ends the session if a limit is reached; revokes what a back-channel logout has left.
   * @throws `storage_unavailable`: it is not known whether anybody is signed in
   */
  sync(): Promise<StoredSession | undefined>
  /** @throws what the last access to the store failed with */
  checkStored(): void
}

/** After this time without a request, a session is no longer kept in the memory of this process. */
const KEPT_MS = 60_000
const MAX_KEPT = 1000

interface Entry {
  readonly session: LiveSession
  requests: number
  lastAt: number
}

/** The sessions in use, by the id of their record. Those of the last minute stay, with what APIs and server have said. */
export function createLiveSessions(
  flow: ReturnType<typeof createFlow>,
  config: CheckedSessionConfig,
  background: Background,
) {
  const entries = new Map<string, Entry>()
  const { clientKey, report } = flow
  const { apis = {}, dpop } = config
  const routes = routesTo(apis, fetchOf(config), report)
  const revoke = (sessions: readonly StoredSession[]) => background(revokeAll(sessions.map(tokensOf), flow, config))
  /** Revokes tokens of which there is no session. */
  const discard = ({ accessToken, refreshToken }: Pick<Tokens, 'accessToken' | 'refreshToken'>) =>
    background(revokeAll([{ accessTokens: [accessToken], refreshToken }], flow, config))

  function create(record: ServerSessionRecord): LiveSession {
    let failure: unknown
    const noting = async <T>(work: Promise<T>): Promise<T> => {
      failure = undefined
      return work.catch((error) => {
        failure = error
        throw error
      })
    }
    const store = {
      ...record,
      read: (owner: string) => noting(record.read(owner)),
      replace: (...change: Parameters<ServerSessionRecord['replace']>) => noting(record.replace(...change)),
      // A refresh goes on if the request that has started it is over.
      exclusive: <T>(owner: string, work: () => Promise<T>) => background(record.exclusive(owner, work)),
    }
    const machine = createSessionMachine({
      clientKey,
      store,
      limits: config,
      // An app that calls no API needs no tokens: its session does not end with them.
      canRenewSilently: !Object.keys(apis).length,
      report: (event: EventBody) => {
        // Every request reads the session; and one that goes on under another secret has not ended.
        if (event.type === 'session_restored') return
        if (event.type === 'session_ended' && session.replacedBy === 'same_user') return
        report(event)
      },
      keyThumbprint: async () => dpop?.thumbprint(clientKey),
      async dispose(sessions) {
        if (session.replacedBy !== 'same_user') return revoke(sessions)
        if (sessions.length) report({ type: 'tokens_not_revoked' })
      },
    })
    const tokens = createTokenSource(machine, flow, config, undefined, discard)
    // `signIn` needs the request: the session client adds it.
    const parts: SessionParts = { config, flow, machine, tokens, signIn: async () => undefined }
    const session: LiveSession = {
      record,
      parts,
      fetch: tokenFetch(parts, routes),
      checkStored() {
        if (failure) throw failure
      },
      async sync() {
        const current = await machine.sync()
        session.checkStored()
        if (current) return current
        const state = machine.last && !session.replacedBy ? fromText(await store.read(clientKey)) : undefined
        if (state?.status === 'signed_out' && state.ended === 'replaced') session.replacedBy = 'other_user'
        const text = await record.takeEnded?.(clientKey)
        const ended = text === undefined ? undefined : sessionOf(fromText({ epoch: 0, text }))
        if (ended) await revoke([ended])
        return undefined
      },
    }
    return session
  }

  function sweep() {
    for (const [id, { requests, lastAt }] of entries) {
      if (requests) continue
      if (entries.size <= MAX_KEPT && performance.now() - lastAt < KEPT_MS) break
      entries.delete(id)
    }
  }

  function acquire(record: ServerSessionRecord): Entry {
    const known = entries.get(record.id)
    if (known) known.session.record.receive?.(record)
    const entry = known ?? { session: create(record), requests: 0, lastAt: 0 }
    entry.requests++
    entry.lastAt = performance.now()
    // The one used last comes last.
    entries.delete(record.id)
    entries.set(record.id, entry)
    sweep()
    return entry
  }

  return {
    discard,

    /** Runs work with the session of a record, which other requests may use at the same time. */
    async use<T>(record: ServerSessionRecord, work: (session: LiveSession) => Promise<T>): Promise<T> {
      const entry = acquire(record)
      try {
        return await work(entry.session)
      } finally {
        entry.requests--
        // Cookies that name nothing take no room.
        if (!entry.requests && !entry.session.parts.machine.last) entries.delete(record.id)
      }
    },

    /** Lets the sessions of this process notice that a back-channel logout has ended them. */
    async syncEnded({ issuer, subject, sessionId }: EndedSessions): Promise<void> {
      const isMeant = ({ parts }: LiveSession) => {
        const claims = parts.machine.last?.session.claims
        return claims?.iss === issuer && (sessionId === undefined ? claims.sub === subject : claims.sid === sessionId)
      }
      const meant = [...entries.values()].filter(({ session }) => isMeant(session))
      // The next request notices it too.
      await Promise.all(meant.map(({ session }) => session.sync().catch(() => undefined)))
    },
  }
}
