import { ProofkeyError } from '../../errors.js'

declare const brand: unique symbol
/** The type of {@link allowInsecureLoopback}, its only value. */
export type InsecureSwitch = ((url: URL) => boolean) & { readonly [brand]: true }

/**
 * Pass it as `insecure` to allow `http:` endpoints on a loopback host (`localhost`, `*.localhost`, `127.0.0.1`, `[::1]`).
 * For development and tests. Every other host still needs https.
 *
 * @deprecated Marked only as a warning: do not use it in production.
 */
export const allowInsecureLoopback = ((url: URL) => url.protocol === 'http:' && isLoopback(url)) as InsecureSwitch

export const isLoopback = ({ hostname }: URL): boolean => /^(.+\.)?localhost$|^127\.0\.0\.1$|^\[::1]$/.test(hostname)

export const isSecure = (url: URL, insecure?: InsecureSwitch): boolean => url.protocol === 'https:' || !!insecure?.(url)

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
    value == null
      ? ['missing in the server metadata', 'Enable it on the server.']
      : ['not an https URL without a fragment', 'Use https; for development see allowInsecureLoopback.']
  throw new ProofkeyError('endpoint_refused', `${name} is ${problem}.`, hint)
}
