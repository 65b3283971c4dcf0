import { MAX_TOKEN_SECONDS } from '../../limits.js'
import { fromText, NOBODY, sessionOf, toText } from '../../session/session-state.js'
import type { SessionStore, StoredText } from '../../vault/session-store.js'

/** How long a record is of use, in milliseconds; `Infinity` without a limit. */
export interface RecordLifetime {
  readonly idleMs: number
  readonly absoluteMs: number
}

/** One session of one browser. The owner that its methods take is the client, or a part of the session. */
export interface ServerSessionRecord extends SessionStore {
  /** Identifies the record: two requests with the same id are of one session. Not a secret. */
  readonly id: string
  /** The value of the session cookie now. */
  cookie(): Promise<string>
  /**
   * The text of a record that `endSessions` has ended, for the revocation of its tokens: once, then it is deleted. It can be
   * read only now, because a part of its key is in the browser.
   */
  takeEnded?(owner: string): Promise<string | undefined>
  /** Another request has brought the same session, perhaps a newer state of it. */
  receive?(other: ServerSessionRecord): void
}

/** The sessions that a back-channel logout names (OpenID Connect Back-Channel Logout 1.0 §2.4). */
export interface EndedSessions {
  readonly issuer: string
  readonly subject: string | undefined
  /** Undefined: all sessions of the user. */
  readonly sessionId: string | undefined
}

/** Where a server keeps its sessions: `memoryServerSessions`, `redisSessions` or `sealedCookieSessions`. */
export interface ServerSessionStore {
  /** Short name for events and errors, for example `redis`. */
  readonly name: string
  /** What the `Set-Cookie` headers of one response may have, in bytes. */
  readonly maxHeadBytes: number
  /**
   * Opens the record that a session cookie names.
   * @returns undefined if the cookie is none of this store's
   */
  open(cookie: string, lifetime: RecordLifetime): Promise<ServerSessionRecord | undefined>
  /** A new record, empty, with a new secret. */
  create(lifetime: RecordLifetime): Promise<ServerSessionRecord>
  /**
   * Ends all sessions that a logout token names, on all servers. Without it the store knows the sessions of requests only, and
   * there is no back-channel logout.
   */
  endSessions?(which: EndedSessions): Promise<void>
}

/** Cookies of central stores: a random secret. */
export const isSecret = (cookie: string): boolean => /^[\w-]{43}$/.test(cookie)

/** The state of a record that a back-channel logout has ended: like a sign-out, it refuses work that began before it. */
export const endedText = (epoch: number): StoredText =>
  toText({ ...NOBODY, epoch, signOutEpoch: epoch, ended: 'signed_out' })

/** Whose session a text is, and when it ends at the latest; undefined if it is no session. */
export function factsOf({ epoch, text }: StoredText, { absoluteMs }: RecordLifetime) {
  const session = sessionOf(fromText({ epoch, text }))?.session
  if (!session) return undefined
  const { iss: issuer, sub: subject, sid } = { iss: undefined, sub: undefined, sid: undefined, ...session.claims }
  return { issuer, subject, sessionId: sid as unknown, endsAtMs: session.startedAtMs + absoluteMs }
}

/** How long the tombstone of a session is kept: longer than any work that began before its end. */
const TOMBSTONE_MS = 600_000

/**
 * How long a record is kept after a write, in milliseconds. The limits themselves are the session's own: of the time of last
 * use, up to a tenth of the idle limit may not be stored.
 * @param endsAtMs undefined if there is no session
 */
export function keptMs(endsAtMs: number | undefined, { idleMs }: RecordLifetime): number {
  if (endsAtMs === undefined) return TOMBSTONE_MS
  return Math.ceil(Math.max(1, Math.min(endsAtMs - Date.now(), idleMs * 1.2 + 60_000, MAX_TOKEN_SECONDS * 1000)))
}
