import { ProofkeyError } from '../../errors.js'

declare const brand: unique symbol
/** Which URLs may do without https. There is one such switch, {@link allowInsecureLoopback}. */
export type InsecureSwitch = ((url: URL) => boolean) & { readonly [brand]: true }

/**
 * Passed as `insecure`, lets endpoints be `http:` on a loopback host (`localhost`, `*.localhost`, `127.0.0.1`, `[::1]`).
 * For development and tests; every other host stays https only.
 *
 * @deprecated Marked so that it stands out wherever it is used: nothing that ships should name it.
 */
export const allowInsecureLoopback = ((url: URL) => url.protocol === 'http:' && isLoopback(url)) as InsecureSwitch

export const isLoopback = ({ hostname }: URL): boolean => /^(.+\.)?localhost$|^127\.0\.0\.1$|^\[::1]$/.test(hostname)

export const isSecure = (url: URL, insecure?: InsecureSwitch): boolean => url.protocol === 'https:' || !!insecure?.(url)

export const parseUrl = (value: unknown, base?: string): URL | undefined =>
  typeof value === 'string' && URL.canParse(value, base) ? new URL(value, base) : undefined

/**
 * An endpoint out of a server's metadata, fit to be used: https (RFC 8414 §2) and without a fragment (RFC 6749 §3.1).
 * @throws `endpoint_refused`
 */
export function endpoint(server: object, name: string, insecure?: InsecureSwitch): string {
  const url = parseUrl((server as Record<string, unknown>)[name])
  if (url && !url.hash && isSecure(url, insecure)) return url.href
  throw new ProofkeyError(
    'endpoint_refused',
    `${name} is not an https URL.`,
    'Use https; for development see allowInsecureLoopback.',
  )
}
