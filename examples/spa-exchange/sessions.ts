// In an app of yours: from 'proofkey/server'.
import type { Grant, LogoutToken } from '../../src/server.js'

/** Who is signed in. `issuer` and `sub` together are the identity: a name may change, or be missing. */
export interface Session {
  readonly issuer: string
  readonly sub: string
  /** For display only. */
  readonly name: string
  /** The session at the provider, and the hint that ends it there too. */
  readonly sid?: unknown
  readonly idToken?: string | undefined
  readonly startedAtMs: number
}

const COOKIE = '__Host-session'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'
const LIFETIME_SECONDS = 8 * 3600

/**
 * Sessions on the server, in the memory of one process: the cookie holds a random id only. A session ends on the server, at
 * the sign-out or after 8 hours: a copy of the cookie does not work any more then.
 */
export function createSessions<More extends object = object>() {
  const sessions = new Map<string, Session & More>()
  /** When sessions at the provider ended. */
  const endedAtMs = new Map<string, number>()
  const isOver = (startedAtMs: number) => startedAtMs + LIFETIME_SECONDS * 1000 <= Date.now()
  const idOf = ({ headers }: Request) => new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(headers.get('cookie') ?? '')?.[1]
  const mark = (issuer: string, ofWhat: 'sid' | 'sub', value: unknown) => JSON.stringify([issuer, ofWhat, value])

  function find(request: Request): (Session & More) | undefined {
    const session = sessions.get(idOf(request) ?? '')
    if (!session || isOver(session.startedAtMs)) return undefined
    const { issuer, sid, sub, startedAtMs } = session
    const hasEnded = sid !== undefined && endedAtMs.has(mark(issuer, 'sid', sid))
    return hasEnded || startedAtMs <= (endedAtMs.get(mark(issuer, 'sub', sub)) ?? 0) ? undefined : session
  }

  const forget = (request: Request) => sessions.delete(idOf(request) ?? '')

  /** Starts a session and sets its cookie. The id is new: one that an attacker planted before the sign-in stays unused. */
  function start(request: Request, { claims, tokens }: Grant, headers: Headers, more = {} as More): void {
    if (!claims) throw new Error('No ID token came: ask for the scope openid.')
    for (const [id, { startedAtMs }] of sessions) if (isOver(startedAtMs)) sessions.delete(id)
    for (const [key, atMs] of endedAtMs) if (isOver(atMs)) endedAtMs.delete(key)
    const { iss: issuer, sub, sid, name } = claims
    const { idToken } = tokens
    forget(request)
    const id = crypto.randomUUID()
    sessions.set(id, { ...more, issuer, sub, name: String(name || sub), sid, idToken, startedAtMs: Date.now() })
    headers.append('set-cookie', `${COOKIE}=${id}; Max-Age=${LIFETIME_SECONDS}; ${ATTRIBUTES}`)
  }

  /** Ends the session on the server, and deletes its cookie. */
  function end(request: Request, headers: Headers): void {
    forget(request)
    headers.append('set-cookie', `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`)
  }

  /** Ends the sessions that a logout token names. */
  function endAll({ issuer, sessionId, subject }: LogoutToken): void {
    const which = sessionId === undefined ? mark(issuer, 'sub', subject) : mark(issuer, 'sid', sessionId)
    endedAtMs.set(which, Date.now())
  }

  return { find, start, end, endAll }
}
