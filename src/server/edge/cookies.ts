import { ticketIsExpired } from '../../crypto/ticket.js'
import { ProofkeyError } from '../../errors.js'
import type { EventBody } from '../../events.js'
import { MAX_COOKIE_HEADER_BYTES, MAX_WAITING_COOKIES } from '../../limits.js'
import { COOKIE_PREFIX, type CookieJar, cookieBytes } from '../../vault/cookie.js'
import { isOwn, parseCookieHeader } from './cookie-header.js'

export interface RequestCookies extends CookieJar {
  /** @param sameSite default: that of the jar */
  set(name: string, value: string, maxAgeSeconds: number, sameSite?: 'Lax' | 'None'): void
  names(): string[]
  /** `Set-Cookie` values for the response. */
  changes(): string[]
}

interface CookieJarOptions {
  /** With `Lax` the callback, a cross-site navigation, sends the cookie; a form post needs `None`. */
  readonly sameSite: 'Lax' | 'None'
  /** @param transaction the sign-in that the event is about */
  readonly report?: (event: EventBody, transaction?: string) => void
}

/**
 * The cookies of a request, and the changes for the response. `Secure`, `HttpOnly`, `Path=/`, no `Domain` (RFC 10017
 * §6.1.3.2). The header of the next request stays within {@link MAX_COOKIE_HEADER_BYTES}: the pending sign-ins that expire
 * first are removed.
 */
export function createCookieJar(header: string | null, { sameSite, report }: CookieJarOptions): RequestCookies {
  const { cookies, refusals } = parseCookieHeader(header)
  for (const reason of refusals) report?.({ type: 'cookie_refused', reason })
  // The size of the whole header: cookies that are ignored count too.
  let headerBytes = new TextEncoder().encode(header ?? '').length
  const changed = new Map<string, string>()

  const write = (name: string, value: string, maxAge: number, more = '') =>
    changed.set(name, `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; Secure${more}`)

  function remove(name: string): void {
    const value = cookies.get(name)
    if (value !== undefined) headerBytes -= cookieBytes(name, value)
    cookies.delete(name)
    // With the attributes that the prefix requires; otherwise browsers would not delete it.
    write(name, '', 0)
  }

  function makeRoom(name: string, bytes: number): void {
    // The expiry follows the prefix in the name, so this is the order in which they expire.
    const waiting = [...cookies.keys()].filter((other) => isOwn(other) && other !== name).sort()
    const known = cookies.get(name)
    const added = bytes - (known === undefined ? 0 : cookieBytes(name, known))
    // Where there is no room even if all of them give way, none does.
    const least = waiting.reduce((sum, other) => sum - cookieBytes(other, cookies.get(other) ?? ''), headerBytes)
    if (least + added > MAX_COOKIE_HEADER_BYTES) throw tooManyCookies(least, bytes)
    while ((isOwn(name) && waiting.length >= MAX_WAITING_COOKIES) || headerBytes + added > MAX_COOKIE_HEADER_BYTES) {
      const dropped = waiting.shift() as string
      const id = dropped.slice(COOKIE_PREFIX.length)
      remove(dropped)
      if (!ticketIsExpired(id)) report?.({ type: 'transaction_dropped', reason: 'cookies' }, id)
    }
  }

  return {
    names: () => [...cookies.keys()],
    get: (name) => cookies.get(name),
    set(name, value, maxAgeSeconds, own = sameSite) {
      makeRoom(name, cookieBytes(name, value))
      const known = cookies.get(name)
      headerBytes += cookieBytes(name, value) - (known === undefined ? 0 : cookieBytes(name, known))
      cookies.set(name, value)
      write(name, value, maxAgeSeconds, `; SameSite=${own}`)
    },
    delete: remove,
    changes: () => [...changed.values()],
  }
}

const tooManyCookies = (there: number, more: number) =>
  new ProofkeyError(
    'storage_full',
    `The browser sends ${there} bytes of other cookies; with ${more} of this sign-in they exceed ${MAX_COOKIE_HEADER_BYTES}, and proxies reject 8 kB.`,
    'Store less in the cookies of this origin, or use redisVault, which needs small cookies only.',
  )
