import { randomToken } from '../crypto/random.js'
import { isProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import type { Grant, IdTokenClaims, Tokens } from '../protocol/complete.js'
import type { SessionStore } from '../vault/session-store.js'
import { joinTabs, type Tabs } from './tabs.js'

/** Who is signed in, without any token. A new object with every change, and the same one in between. */
export interface Session {
  /** The checked claims of the ID token; undefined where `openid` was not asked for. */
  readonly claims: IdTokenClaims | undefined
  /** All that was granted, space-separated. */
  readonly scope: string
  /** When the first access token at hand ends; milliseconds since the epoch, undefined where the server did not say. */
  readonly expiresAtMs: number | undefined
  /** When the person signed in; milliseconds since the epoch. */
  readonly startedAtMs: number
}

/** Why a session is over. */
export type SessionEnd = Extract<EventBody, { type: 'session_ended' }>['reason']

/** What is kept; survives JSON. */
export interface Held {
  readonly version: 1
  /** Names this session among all that the client ever had. */
  readonly id: string
  readonly session: Session
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** By resource and scope; see `tokenName`. */
  readonly tokens: Readonly<Record<string, AccessToken>>
  /** The thumbprint of the key that the tokens are tied to, where they are (RFC 9449 §6). */
  readonly jkt?: string | undefined
}

export interface AccessToken {
  readonly accessToken: string
  /** Which resource server it was asked for (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  readonly expiresAtMs: number | undefined
  /** From then on a new one is asked for, a little before the end and not in all tabs at once. */
  readonly staleAtMs: number | undefined
}

export interface Limits {
  /** The session ends when it was not used for so long. Default: never. */
  readonly idleSeconds?: number | undefined
  /** The session ends so long after the sign-in. Default: never. */
  readonly absoluteSeconds?: number | undefined
}

/** Under which name a token is kept: one for each resource and scope, `''` for the sign-in's own (RFC 8707 §2). */
export const tokenName = (resource: string | undefined, scope: string | undefined): string =>
  resource || scope ? JSON.stringify([resource, scope]) : ''

export function accessTokenOf({ accessToken, expiresAtMs, resource }: Tokens): AccessToken {
  const early = Math.min(60_000, ((expiresAtMs ?? 0) - Date.now()) / 4) * (0.5 + Math.random() / 2)
  return { accessToken, resource, expiresAtMs, staleAtMs: expiresAtMs && expiresAtMs - early }
}

/** A session after a sign-in: a new one, or the old one with more where it is the same person's. */
export function heldAfter({ tokens, claims }: Grant, before: Held | undefined, jkt?: string | undefined): Held {
  // Without claims nobody can tell; and what is tied to another key is of no use any more.
  const same = claims && claims.sub === before?.session.claims?.sub && jkt === before?.jkt ? before : undefined
  return {
    version: 1,
    id: randomToken(),
    session: {
      claims,
      scope: tokens.scope,
      expiresAtMs: tokens.expiresAtMs,
      // Who was not asked again is not newly there: a silent sign-in does not put off the absolute limit.
      startedAtMs: same && same.session.claims?.auth_time === claims?.auth_time ? same.session.startedAtMs : Date.now(),
    },
    refreshToken: tokens.refreshToken ?? same?.refreshToken,
    idToken: tokens.idToken ?? same?.idToken,
    tokens: { ...same?.tokens, '': accessTokenOf(tokens) },
    jkt,
  }
}

/** The same session with newer tokens; where the server sends no new refresh token, the old one goes on (RFC 6749 §6). */
export function heldWith({ tokens, claims }: Grant, before: Held, name: string): Held {
  const { session } = before
  const own = name ? session : { ...session, scope: tokens.scope || session.scope, expiresAtMs: tokens.expiresAtMs }
  return {
    ...before,
    // A new ID token may lack what the first one held.
    session: claims ? { ...own, claims: { ...session.claims, ...claims } } : own,
    refreshToken: tokens.refreshToken ?? before.refreshToken,
    idToken: tokens.idToken ?? before.idToken,
    tokens: { ...before.tokens, [name]: accessTokenOf(tokens) },
  }
}

/** Of another version, or no session at all: as if nothing were there. */
function parse(text: string | undefined): Held | { readonly id?: never } {
  try {
    const held = JSON.parse(text ?? '')
    if (held.version === 1) return held
  } catch {}
  return {}
}

export type SessionKeeper = ReturnType<typeof createSessionKeeper>

/** Holds one session, in this page and in its store, and knows when it is over. */
export function createSessionKeeper(
  owner: string,
  store: SessionStore,
  { idleSeconds = Number.POSITIVE_INFINITY, absoluteSeconds = Number.POSITIVE_INFINITY }: Limits,
  report: (event: EventBody) => void,
  /** The thumbprint of the key at hand, where the client has one. */
  proofKey: () => Promise<string | undefined>,
) {
  const activity = `${owner} active`
  let held: Held | undefined
  /** What the store held when it was last seen. */
  let seen: string | undefined
  /** The session that ended last: whatever comes late does not bring it back. */
  let ended: string | undefined
  let tabs: Tabs | undefined
  let activeAtMs = 0
  let sharedAtMs = 0

  /** A store that fails costs nobody the session: it lives on in this page. */
  const stored = (work: Promise<void>) =>
    work.then(
      () => true,
      (error) => report({ type: 'session_not_stored', code: isProofkeyError(error) ? error.code : 'unexpected' }),
    )

  /** Takes it out of the store; another one that lies there meanwhile stays. */
  const forget = async (id: string) => {
    const { id: there } = await store.read(owner).then(parse, () => ({ id }))
    if (there === id) await stored(store.write(owner, undefined))
  }

  const over = (): 'idle' | 'too_long' | undefined => {
    const now = Date.now()
    if (activeAtMs + idleSeconds * 1000 <= now) return 'idle'
    return held && held.session.startedAtMs + absoluteSeconds * 1000 <= now ? 'too_long' : undefined
  }

  const set = (next: Held | undefined, text: string | undefined, event: EventBody) => {
    held = next
    seen = text
    report(event)
  }

  const keeper = {
    /** What is held, as far as its limits allow. */
    get held(): Held | undefined {
      return over() ? undefined : held
    },

    /** When the limits end it; milliseconds since the epoch. */
    get endsAtMs(): number {
      return Math.min(activeAtMs + idleSeconds * 1000, (held?.session.startedAtMs ?? 0) + absoluteSeconds * 1000)
    },

    exclusive: <T>(work: () => Promise<T>): Promise<T> => store.exclusive(owner, work),

    /** The session is in use: all tabs hear of it now and then. */
    touch() {
      activeAtMs = Date.now()
      if (activeAtMs < sharedAtMs + idleSeconds * 100) return
      sharedAtMs = activeAtMs
      tabs?.tell('active')
      stored(store.write(activity, `${activeAtMs}`))
    },

    /** Takes over what another tab, or this page before its reload, has left in the store; ends what is over. */
    async sync(): Promise<Held | undefined> {
      keeper.join()
      const before = seen
      const active = await store.read(activity).catch(() => undefined)
      const text = await store.read(owner).catch(() => before)
      activeAtMs = Math.max(activeAtMs, Number(active) || 0)
      const next = text === before ? undefined : parse(text)
      // A key that cannot be looked at now may be there later.
      const jkt = next?.id && (await proofKey().catch(() => next.jkt))
      // What this page has kept or ended while it was reading is newer.
      if (next && seen === before) {
        if (!next.id) keeper.end('elsewhere')
        else if (next.id !== ended) {
          activeAtMs = Math.max(activeAtMs, next.session.startedAtMs)
          if (next.jkt === jkt) set(next, text, { type: held ? 'session_changed' : 'session_restored' })
          else {
            held = next
            await keeper.end('key_lost')
          }
        }
      }
      const reason = over()
      // Awaited, so that whatever is kept next is not forgotten with it.
      if (reason) await keeper.end(reason)
      return held
    },

    /** Stores, then uses. @returns false where the session has ended meanwhile */
    async keep(next: Held, event: EventBody): Promise<boolean> {
      keeper.join()
      const text = JSON.stringify(next)
      const kept = next.id !== ended && (await stored(store.write(owner, text)))
      if (next.id === ended) {
        await forget(next.id)
        return false
      }
      if (!keeper.held) keeper.touch()
      // Where it was not written, the store still holds what it held: older, and not to be taken over again.
      set(next, kept ? text : seen, event)
      tabs?.tell('changed')
      return true
    },

    /** Over: here at once, elsewhere as soon as it is heard. Resolves when the store is rid of it. */
    async end(reason: SessionEnd, id = held?.id): Promise<void> {
      if (!id) return
      ended = id
      if (held?.id !== id) return
      set(undefined, undefined, { type: 'session_ended', reason })
      if (reason !== 'elsewhere') {
        await forget(id)
        // Sessions that live in memory have only this in common.
        if (reason === 'signed_out' || store.name !== 'memory') tabs?.tell({ ended: id })
      }
      // Once more when no refresh is under way in another tab, which could have written after that.
      store.exclusive(owner, () => forget(id)).catch(() => {})
    },

    /** From now on hears the other tabs. */
    join() {
      tabs ??= joinTabs(owner, (message) => {
        const own = store.name === 'memory'
        if (message === 'active') activeAtMs = Date.now()
        else if (message !== 'changed') message?.ended && keeper.end('elsewhere', own ? undefined : message.ended)
        else if (!own) keeper.sync()
      })
    },

    leave() {
      tabs?.close()
      tabs = undefined
    },
  }
  return keeper
}
