import { isProofkeyError, ProofkeyError } from '../../errors.js'
import { MAX_COOKIE_HEADER_BYTES } from '../../limits.js'
import { SESSION_COOKIE } from './cookie-header.js'
import type { RequestCookies } from './cookies.js'
import { headBytes } from './response-head.js'

/** Browsers refuse a cookie whose name and value have more than 4096 bytes (RFC 6265bis §5.6). */
const MAX_CHUNK_BYTES = 4000
const MAX_CHUNKS = 4

const chunkNames = Array.from({ length: MAX_CHUNKS }, (_, index) => `${SESSION_COOKIE}.${index}`)

/** The value of the session cookie, in one cookie or in chunks. Chunks of different values make one that nothing decrypts. */
export function readSessionCookie(jar: RequestCookies): string | undefined {
  const whole = jar.get(SESSION_COOKIE)
  if (whole !== undefined) return whole || undefined
  const chunks = chunkNames.map((name) => jar.get(name))
  const end = chunks.indexOf(undefined)
  return chunks.slice(0, end < 0 ? MAX_CHUNKS : end).join('') || undefined
}

/**
 * Sets the session cookie for the response, always `SameSite=Lax`, or deletes it (`undefined`). A value that is too long for
 * one cookie is split.
 * @param maxHeadBytes what the `Set-Cookie` headers of a response may have
 * @throws `storage_full`: then the session cookie is deleted
 */
export function writeSessionCookie(
  jar: RequestCookies,
  value: string | undefined,
  maxAgeSeconds: number,
  maxHeadBytes: number,
): void {
  const size = MAX_CHUNK_BYTES - SESSION_COOKIE.length
  const parts = value?.match(new RegExp(`.{1,${size}}`, 'g')) ?? []
  const names = parts.length > 1 ? chunkNames.slice(0, parts.length) : parts.map(() => SESSION_COOKIE)
  const head = new Headers(
    names.map((name, at): [string, string] => ['set-cookie', `${name}=${parts[at]}${ATTRIBUTES}`]),
  )
  const bytes = headBytes(head)
  const remove = (keep: readonly string[]) => {
    for (const name of [SESSION_COOKIE, ...chunkNames])
      if (!keep.includes(name) && jar.get(name) !== undefined) jar.delete(name)
  }
  // On failure too: what the browser has is of an earlier state, whose tokens may be spent.
  if (parts.length > MAX_CHUNKS || bytes > maxHeadBytes) {
    remove([])
    throw sessionTooLarge(bytes, maxHeadBytes)
  }
  try {
    // First: they take room in the header of the next request.
    remove(names)
    for (const [at, name] of names.entries()) jar.set(name, parts[at] ?? '', maxAgeSeconds, 'Lax')
  } catch (error) {
    remove([])
    throw isProofkeyError(error) ? sessionTooLarge(bytes, MAX_COOKIE_HEADER_BYTES, 'with the other cookies ') : error
  }
}

const ATTRIBUTES = '; Path=/; Max-Age=1000000; HttpOnly; Secure; SameSite=Lax'

const sessionTooLarge = (bytes: number, limit: number, where = '') =>
  new ProofkeyError(
    'storage_full',
    `The session needs ${bytes} bytes of cookies; ${where}the limit is ${limit}, because proxies reject more.`,
    'Use redisSessions, which needs one small cookie, or let the server issue smaller tokens. If your proxies allow larger response heads (nginx: proxy_buffer_size 16k), set maxHeadBytes of sealedCookieSessions.',
  )
