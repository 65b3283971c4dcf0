import { sha256 } from '../crypto/digest.js'
import { randomToken } from '../crypto/random.js'
import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { type CookieJar, cookieName, maxAgeSeconds } from '../vault/cookie.js'
import type { Vault } from '../vault/vault.js'

/**
 * Binds the records of a server's vault to the browser that started the sign-in: the owner of a record is the client plus a
 * secret that is only in a cookie of this browser. Without it, an attacker's link with their own code and state would sign
 * in anyone who opens it (login CSRF, RFC 9700 §4.7).
 */
export function bindToBrowser(vault: Vault, jar: CookieJar): Vault {
  const bound = async (owner: string, secret: string) => `${owner} ${await sha256(secret)}`
  return {
    name: vault.name,

    async put(ticket, owner, value) {
      const secret = randomToken()
      const name = cookieName(await ticketId(ticket))
      const dropped = await vault.put(ticket, await bound(owner, secret), value)
      jar.set(name, secret, maxAgeSeconds(ticket))
      return dropped
    },

    async take(ticket, owner) {
      const name = cookieName(await ticketId(ticket))
      const secret = jar.get(name)
      // The cookie expires with the ticket.
      if (secret === undefined) return { status: ticketIsExpired(ticket) ? 'expired' : 'unknown' }
      const taken = await vault.take(ticket, await bound(owner, secret))
      if (taken.status !== 'other_owner') jar.delete(name)
      if (taken.status !== 'taken') return taken
      return {
        ...taken,
        async putBack() {
          const isBack = await taken.putBack()
          // The same secret: if this response is lost, the cookie in the browser still fits the record.
          if (isBack) jar.set(name, secret, maxAgeSeconds(ticket))
          return isBack
        },
      }
    },
  }
}
