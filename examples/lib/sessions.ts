// In an app of yours: from 'proofkey/server'.
import type { Grant, LogoutToken } from '../../src/server.js'
import { memoryStore, type Store } from './store.js'

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
 * Sessions on the server: the cookie holds a random id only. A session ends on the server, at the sign-out or after 8
 * hours: a copy of the cookie does not work any more then.
 */
export function createSessions<More extends object = object>(store: Store = memoryStore()) {
  const idOf = ({ headers }: Request) => new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(headers.get('cookie') ?? '')?.[1]
  const mark = (issuer: string, ofWhat: 'sid' | 'sub', value: unknown) =>
    `ended:${JSON.stringify([issuer, ofWhat, value])}`

  async function find(request: Request): Promise<(Session & More) | undefined> {
    const id = idOf(request)
    const found = id && (await store.get(`session:${id}`))
    if (!found) return undefined
    const session: Session & More = JSON.parse(found)
    const { issuer, sid, sub, startedAtMs } = session
    const endedAtMs = await store.get(mark(issuer, 'sub', sub))
    const ended =
      (sid && (await store.get(mark(issuer, 'sid', sid)))) || (endedAtMs && startedAtMs <= Number(endedAtMs))
    return ended ? undefined : session
  }

  async function forget(request: Request): Promise<void> {
    const id = idOf(request)
    if (id) await store.delete(`session:${id}`)
  }

  /** Starts a session and sets its cookie. The id is new: one that an attacker planted before the sign-in stays unused. */
  async function start(
    request: Request,
    { claims, tokens }: Grant,
    headers: Headers,
    more = {} as More,
  ): Promise<void> {
    if (!claims) throw new Error('No ID token came: ask for the scope openid.')
    const { iss: issuer, sub, sid, name } = claims
    const { idToken } = tokens
    const session: Session = { issuer, sub, name: String(name || sub), sid, idToken, startedAtMs: Date.now() }
    await forget(request)
    const id = crypto.randomUUID()
    await store.set(`session:${id}`, JSON.stringify({ ...more, ...session }), LIFETIME_SECONDS)
    headers.append('set-cookie', `${COOKIE}=${id}; Max-Age=${LIFETIME_SECONDS}; ${ATTRIBUTES}`)
  }

  /** Ends the session on the server, and deletes its cookie. */
  async function end(request: Request, headers: Headers): Promise<void> {
    await forget(request)
    headers.append('set-cookie', `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`)
  }

  /** Ends the sessions that a logout token names, on every server that shares the store. */
  async function endAll({ issuer, sessionId, subject }: LogoutToken): Promise<void> {
    const which = sessionId === undefined ? mark(issuer, 'sub', subject) : mark(issuer, 'sid', sessionId)
    await store.set(which, String(Date.now()), LIFETIME_SECONDS)
  }

  return { find, start, end, endAll }
}
