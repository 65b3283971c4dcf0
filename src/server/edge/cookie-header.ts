import { COOKIE_PREFIX } from '../../vault/cookie.js'
import { trimWhitespace } from './whitespace.js'

/** Why a cookie that looks like one of proofkey is ignored. */
export type CookieRefusal = 'name' | 'value' | 'duplicate'

export interface ParsedCookies {
  readonly cookies: Map<string, string>
  /** Only of cookies that look like those of proofkey. */
  readonly refusals: ReadonlySet<CookieRefusal>
}

/** RFC 9110 §5.6.2, which RFC 6265 §4.1.1 requires of names. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
/** `cookie-octet` of RFC 6265 §4.1.1. */
const OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
/** `__Host-Http-`: for this host only, over TLS only, not for scripts; a sub-domain cannot set it. */
export const SESSION_COOKIE = '__Host-Http-proofkey-session'
/** In one cookie, or in chunks. */
const SESSION_NAME = new RegExp(`^${SESSION_COOKIE}(\\.\\d)?$`)
const OWN_NAME = /^\d{13}[\w-]{43}$/

/**
 * Splits a `Cookie` header at the octets of RFC 6265 §4.2.1: `;`, the first `=`, and spaces or tabs around them. Names are
 * compared byte for byte. A browser lets a sub-domain set a cookie for the whole site unless its name starts with `__Host-`:
 * a name that starts so only after normalisation may come from a sub-domain.
 */
export function parseCookieHeader(header: string | null): ParsedCookies {
  const cookies = new Map<string, string>()
  const refusals = new Set<CookieRefusal>()
  const seen = new Set<string>()
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    const name = trimWhitespace(pair.slice(0, Math.max(at, 0)))
    const value = trimWhitespace(pair.slice(at + 1))
    // A cookie without a name is sent as its value only.
    const refuse = (why: CookieRefusal) => looksOwn(name || value) && refusals.add(why)
    if (!TOKEN.test(name)) refuse('name')
    else if (seen.has(name)) {
      // It is not known which of the two was set by this host.
      cookies.delete(name)
      refuse('duplicate')
    } else {
      seen.add(name)
      if (!OCTETS.test(value)) refuse('value')
      else cookies.set(name, value)
      if (!isOwn(name) && !SESSION_NAME.test(name)) refuse('name')
    }
  }
  return { cookies, refusals }
}

/** Whether a cookie of this name belongs to a pending sign-in or sign-out. */
export const isOwn = (name: string): boolean =>
  name.startsWith(COOKIE_PREFIX) && OWN_NAME.test(name.slice(COOKIE_PREFIX.length))

const looksOwn = (name: string) =>
  [COOKIE_PREFIX, SESSION_COOKIE].some((own) => name.toLowerCase().includes(own.slice(2).toLowerCase()))
