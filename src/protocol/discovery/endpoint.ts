import { ProofkeyError } from '../../errors.js'

declare const brand: unique symbol
/** The type of {@link allowInsecureLoopback}, its only value. */
export type InsecureSwitch = ((url: URL) => boolean) & { readonly [brand]: true }

/**
 * Pass it as `insecure` to allow `http:` endpoints on a loopback host (`localhost`, `*.localhost`, `127.0.0.1`, `[::1]`).
 * For development and tests. Every other host still needs https.
 *
 * @deprecated Marked only as a warning: do not use it in production.
 * @example
 * ```ts
 * import { allowInsecureLoopback, createClient } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'http://localhost:3000',
 *   clientId: 'my-app',
 *   redirectUri: 'http://localhost:5173/callback',
 *   insecure: allowInsecureLoopback,
 * })
 * ```
 */
export const allowInsecureLoopback = ((url: URL) => url.protocol === 'http:' && isLoopback(url)) as InsecureSwitch

export const isLoopback = ({ hostname }: URL): boolean => /^((.+\.)?localhost|127\.0\.0\.1|\[::1])$/.test(hostname)

export const isSecure = (url: URL, insecure?: InsecureSwitch): boolean =>
  url.protocol === 'https:' || (typeof insecure === 'function' && insecure(url))

/** Not by `URL.canParse`: once optimized, that of Node 20 reads Latin-1 text as UTF-8 and can accept what `URL` refuses. */
export function parseUrl(value: unknown, base?: string): URL | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return new URL(value, base)
  } catch {
    return undefined
  }
}

/**
 * Reads an endpoint from the server's metadata and checks it: https (RFC 8414 §2), no fragment (RFC 6749 §3.1).
 * @throws `endpoint_refused`
 */
export function endpoint(server: object, name: string, insecure?: InsecureSwitch): string {
  const value = (server as Record<string, unknown>)[name]
  const url = parseUrl(value)
  // `hash` is also empty for an empty fragment.
  if (url && !url.href.includes('#') && isSecure(url, insecure)) return url.href
  const [problem, hint] =
    // Some servers list what they do not have as null or as an empty text.
    !value
      ? ['missing in the server metadata', 'Enable it on the server.']
      : ['not an https URL without a fragment', 'Use https; for development see allowInsecureLoopback.']
  throw refused(`${name} is ${problem}`, hint)
}

const refused = (what: string, hint: string) => new ProofkeyError('endpoint_refused', `${what}.`, hint)

/**
 * The URL of an endpoint, with parameters. Its own query is kept as it is (RFC 6749 §3.1), and must contain none of them. A
 * space is written as `%20`: some servers read `+` as a plus. A parameter without a value is not sent.
 * @throws `endpoint_refused`
 */
export function endpointUrl(server: object, name: string, parameters: object, insecure?: InsecureSwitch): URL {
  const url = new URL(endpoint(server, name, insecure))
  const added = new URLSearchParams()
  for (const [key, value] of Object.entries(parameters)) {
    if (url.searchParams.has(key))
      throw refused(`${name} already contains ${key}`, 'Remove it there, or from additionalParameters.')
    for (const one of [value ?? []].flat()) if (one !== '') added.append(key, one)
  }
  url.search += (url.search && '&') + `${added}`.replaceAll('+', '%20')
  return url
}

/** Removes a parameter. `URLSearchParams` would write all others anew. */
export function removeParameter(url: URL, name: string): void {
  const parts = url.search.slice(1).split('&')
  url.search = parts.filter((part) => !part.startsWith(`${name}=`)).join('&')
}
