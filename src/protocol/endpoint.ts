import { ProofkeyError } from '../errors.js'

/**
 * Passed as `insecure`, lets endpoints be `http:` on a loopback host (`localhost`, `*.localhost`, `127.0.0.1`, `[::1]`).
 * For development and tests; every other host stays https only.
 *
 * @deprecated Marked so that it stands out wherever it is used: nothing that ships should name it.
 */
export const allowInsecureLoopback = /* @__PURE__ */ Symbol('allowInsecureLoopback') as InsecureSwitch

declare const brand: unique symbol
export type InsecureSwitch = symbol & { readonly [brand]: true }

export const isLoopback = ({ hostname }: URL): boolean => /^(.+\.)?localhost$|^127\.0\.0\.1$|^\[::1]$/.test(hostname)

/** https, or http on loopback where the switch is on. */
export const isSecure = (url: URL, insecure?: InsecureSwitch): boolean =>
  url.protocol === 'https:' || (url.protocol === 'http:' && insecure === allowInsecureLoopback && isLoopback(url))

export const parseUrl = (value: unknown): URL | undefined =>
  typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined

/**
 * An endpoint out of a server's metadata, fit to be used (RFC 6749 §3.1: no fragment; RFC 8414 §2: https).
 * @throws `metadata_invalid`, `insecure_endpoint`
 */
export function endpoint(server: object, name: string, insecure?: InsecureSwitch): string {
  const url = parseUrl((server as Record<string, unknown>)[name])
  if (!url || url.hash)
    throw new ProofkeyError('metadata_invalid', `${name} is not a usable URL.`, "Mend the server's metadata.")
  if (!isSecure(url, insecure)) {
    throw new ProofkeyError(
      'insecure_endpoint',
      `${name} is not https.`,
      'Use https; for development see allowInsecureLoopback.',
    )
  }
  return url.href
}
