import { sha256 } from '../../crypto/digest.js'
import { createKeyring } from '../../crypto/keyring.js'
import { MAX_WAITING_COOKIES } from '../../limits.js'
import type { CookieJar } from '../../vault/cookie.js'
import { isOwn } from '../edge/cookie-header.js'
import type { RecordLifetime, ServerSessionRecord, ServerSessionStore } from './server-session-store.js'

/** A sign-in that is pending in the browser of a request, and what the store knew of it. */
interface PendingSignIn {
  readonly record: ServerSessionRecord
  readonly epoch: number
  seal(secret: string): Promise<string>
  open(sealed: string): Promise<string | undefined>
}

/** What the store has of a pending sign-in. */
interface Link {
  /** The epoch of the last sign-out of this browser. */
  readonly signOutEpoch: number
  /** The session cookies of the sessions that callbacks of this browser have started, encrypted. */
  readonly started: readonly string[]
}

/** The callbacks of one browser that are completed at once: more are no honest browser. */
const MAX_STARTED = MAX_WAITING_COOKIES
const MAX_CONFLICTS = 50

export type SignInLinks = ReturnType<typeof createSignInLinks>

/**
 * Finds the session of a sign-in that has just completed by the cookies that its browser had before. A sign-out, or a second
 * callback, that the browser has sent before it received the new session cookie names no session: it still has the cookies
 * of its pending sign-ins. Each of them has a record in the session store: its name and key are digests of the cookie's
 * value, which only this browser has. Not the earlier session cookie: whoever planted that one could end the new session.
 *
 * @param store outside the cookies
 */
export function createSignInLinks(store: ServerSessionStore, lifetime: RecordLifetime, clientKey: string) {
  const owner = `${clientKey} sign-in`

  async function read({ record }: Pick<PendingSignIn, 'record'>): Promise<Link & { readonly epoch: number }> {
    const { epoch, text } = await record.read(owner)
    const { signOutEpoch = 0, started = [] }: Partial<Link> = text === undefined ? {} : JSON.parse(text)
    return { epoch, signOutEpoch, started }
  }
  /** Replaces a link by compare and set. @returns what was replaced; undefined if `next` changes nothing */
  async function change(
    one: PendingSignIn,
    next: (link: Link, epoch: number) => Link | undefined,
  ): Promise<Link | undefined> {
    for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
      const { epoch, ...before } = await read(one)
      const after = next(before, epoch)
      if (!after) return undefined
      if (await one.record.replace(owner, epoch, { epoch: epoch + 1, text: JSON.stringify(after) })) return before
    }
    return undefined
  }

  async function cookiesOf({ open }: PendingSignIn, { started }: Link): Promise<string[]> {
    const opened = await Promise.all(started.map(open))
    return opened.filter((cookie) => cookie !== undefined)
  }

  async function pendingSignIn(cookie: string): Promise<PendingSignIn | undefined> {
    const secret = await sha256(`pending sign-in ${cookie}`)
    const record = await store.open(secret, lifetime)
    if (!record) return undefined
    // Encrypted also in the memory of a process, so that a dump of it contains no cookie.
    const keyring = createKeyring([{ id: '1', secret }])
    return {
      record,
      epoch: (await read({ record })).epoch,
      seal: (text) => keyring.seal(owner, '', text),
      open: (sealed) => keyring.open(owner, '', sealed),
    }
  }

  return {
    /**
     * The sign-ins that are pending in the browser, as they are now.
     * @throws `storage_unavailable`
     */
    async pending(jar: CookieJar & { names(): string[] }): Promise<readonly PendingSignIn[]> {
      // A name starts with its expiry: those that expire last are of the last sign-ins.
      const names = jar.names().filter(isOwn).sort().slice(-MAX_WAITING_COOKIES)
      const found = await Promise.all(names.map((name) => pendingSignIn(jar.get(name) ?? '')))
      return found.filter((one) => one !== undefined)
    },

    /**
     * Notes a new session, before it is stored.
     * @param cookie its session cookie
     * @returns the session cookies of other sessions that this browser has just started; undefined if there was a sign-out
     * since {@link pending}: then the session must not start
     */
    async add(pending: readonly PendingSignIn[], cookie: string): Promise<readonly string[] | undefined> {
      // Each callback adds itself in the order of the names.
      for (const one of pending) {
        const sealed = await one.seal(cookie)
        const added = await change(one, (link) =>
          link.signOutEpoch > one.epoch
            ? undefined
            : { ...link, started: [...link.started, sealed].slice(-MAX_STARTED) },
        )
        if (!added) return undefined
      }
      // Of two callbacks at once one ends the other: the second one in the first list that has both.
      const ends = new Map<string, boolean>()
      for (const one of pending) {
        const started = await cookiesOf(one, await read(one))
        const own = started.indexOf(cookie)
        for (const [at, other] of started.entries()) if (other !== cookie && !ends.has(other)) ends.set(other, at < own)
      }
      return [...ends].flatMap(([other, isEnded]) => (isEnded ? [other] : []))
    },

    /**
     * Notes a sign-out: sign-ins whose callbacks are under way do not start a session any more.
     * @returns the session cookies of the sessions that this browser has just started
     */
    async signOut(pending: readonly PendingSignIn[]): Promise<readonly string[]> {
      const started = new Set<string>()
      for (const one of pending) {
        const before = await change(one, (_, epoch) => ({ signOutEpoch: epoch + 1, started: [] }))
        for (const cookie of before ? await cookiesOf(one, before) : []) started.add(cookie)
      }
      return [...started]
    },
  }
}
