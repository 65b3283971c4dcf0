import { createKeyring, type SealingKey } from '../crypto/keyring.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { ProofkeyError } from '../errors.js'
import { MAX_COOKIE_BYTES } from '../limits.js'
import type { Vault } from './vault.js'

/** The cookies of one request and of the response to it; a name or value needs no escaping. */
export interface CookieJar {
  /** Undefined too where the header holds two of this name, or octets that RFC 6265 §4.1.1 does not allow. */
  get(name: string): string | undefined
  /**
   * Other waiting sign-ins give way to it where the `Cookie` header gets too large.
   * @throws `storage_full` where it is too large all the same
   */
  set(name: string, value: string, maxAgeSeconds: number): void
  delete(name: string): void
}

/** A vault whose records travel with the browser: it works within one request and the response to it. */
export interface RequestVault {
  readonly name: string
  bind(jar: CookieJar): Vault
}

/**
 * `__Host-Http-`: bound to this very host, sent over TLS only, out of reach of scripts (RFC 6265bis, layered cookies).
 * Browsers that do not know it enforce the `__Host-` that it starts with.
 */
export const COOKIE_PREFIX = '__Host-Http-proofkey.'

/** The cookie that goes with a sign-in. */
export const cookieName = (id: string): string => COOKIE_PREFIX + id

/** What a cookie takes in a `Cookie` header, separators included. */
export const cookieBytes = (name: string, value: string): number => name.length + value.length + 3

/** @returns how long a cookie for this ticket is to live, at least a second */
export const maxAgeSeconds = (ticket: string): number =>
  Math.max(1, Math.ceil((Number(ticket.slice(0, 13)) - Date.now()) / 1000))

/**
 * Keeps a sign-in sealed in a cookie of its own: AES-256-GCM under a key that needs both the application's key and the
 * ticket, which no cookie holds. Nothing to run, any number of servers.
 *
 * A cookie alone cannot promise single use: whoever copied it before it was deleted can send it again. The code itself
 * is single-use at the server, and PKCE ties it to this sign-in; where that is not enough, use `redisVault`.
 * @throws `config_invalid` for the keys
 */
export function sealedCookie({ keys }: { readonly keys: readonly SealingKey[] }): RequestVault {
  const keyring = createKeyring(keys)
  return {
    name: 'cookie',
    bind: (jar) => ({
      name: 'cookie',

      async put(ticket, owner, value) {
        const id = await ticketId(ticket)
        const sealed = await keyring.seal(id, ticket, JSON.stringify([owner, value]))
        const name = cookieName(id)
        const bytes = cookieBytes(name, sealed)
        if (bytes > MAX_COOKIE_BYTES) {
          throw new ProofkeyError(
            'storage_full',
            `The sign-in does not fit into a cookie: ${bytes} bytes of ${MAX_COOKIE_BYTES}.`,
            'Shorten appState and returnTo, or use redisVault.',
          )
        }
        jar.set(name, sealed, maxAgeSeconds(ticket))
        return undefined
      },

      async take(ticket, owner) {
        if (ticketIsExpired(ticket)) return { status: 'expired' }
        const id = await ticketId(ticket)
        const sealed = jar.get(cookieName(id))
        if (sealed === undefined) return { status: 'unknown' }
        const opened = await keyring.open(id, ticket, sealed)
        if (opened === undefined) return { status: 'unreadable' }
        const [recordOwner, value]: [string, string] = JSON.parse(opened)
        if (recordOwner !== owner) return { status: 'other_owner' }
        // Another take of the same request may have come first, while this one was opening it.
        if (jar.get(cookieName(id)) !== sealed) return { status: 'unknown' }
        jar.delete(cookieName(id))
        return {
          status: 'taken',
          value,
          async putBack() {
            const isBack = !ticketIsExpired(ticket)
            if (isBack) jar.set(cookieName(id), sealed, maxAgeSeconds(ticket))
            return isBack
          },
        }
      },
    }),
  }
}
