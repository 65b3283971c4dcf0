import { createKeyring, type SealingKey } from '../crypto/keyring.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { ProofkeyError } from '../errors.js'
import { MAX_COOKIE_BYTES } from '../limits.js'
import type { Vault } from './vault.js'

/** The cookies of one request and of its response; names and values need no escaping. */
export interface CookieJar {
  /** @returns undefined also if the header has two of this name, or octets that RFC 6265 §4.1.1 does not allow */
  get(name: string): string | undefined
  /**
   * Removes other pending sign-ins if the `Cookie` header would become too large.
   * @throws `storage_full` if it is too large anyway
   */
  set(name: string, value: string, maxAgeSeconds: number): void
  delete(name: string): void
}

/** A vault that stores its records in cookies: it works within one request and its response. */
export interface RequestVault {
  readonly name: string
  bind(jar: CookieJar): Vault
}

/**
 * `__Host-Http-`: for this host only, sent over TLS only, not accessible to scripts (RFC 6265bis, layered cookies).
 * Browsers that do not support it enforce `__Host-`.
 */
export const COOKIE_PREFIX = '__Host-Http-proofkey.'

/** The name of a sign-in's cookie. */
export const cookieName = (id: string): string => COOKIE_PREFIX + id

/** The size of a cookie in a `Cookie` header, separators included. */
export const cookieBytes = (name: string, value: string): number => name.length + value.length + 3

/** @returns the `Max-Age` of a cookie for this ticket, at least a second */
export const maxAgeSeconds = (ticket: string): number =>
  Math.max(1, Math.ceil((Number(ticket.slice(0, 13)) - Date.now()) / 1000))

/**
 * Stores each sign-in in a cookie, sealed: encrypted and authenticated with AES-256-GCM. The key is derived from the
 * application's key and the ticket, which no cookie contains. It needs no other service and works with any number of servers.
 *
 * A cookie cannot guarantee single use: a copy of it can be sent again. The code is single-use at the authorization server,
 * and PKCE binds it to this sign-in; if that is not enough, use `redisVault`.
 * @throws `config_invalid` for the keys
 * @example
 * ```ts
 * import { createServerClient, clientSecretBasic, sealedCookie } from 'proofkey/server'
 *
 * declare const [secret, earlier]: [string, string]
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({
 *     keys: [
 *       { id: '2026-11', secret }, // encrypts
 *       { id: '2026-05', secret: earlier }, // still decrypts
 *     ],
 *   }),
 * })
 * ```
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
        // Another take of the same request may have been first, while this one was decrypting.
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
