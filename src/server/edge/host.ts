import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { trimWhitespace } from './whitespace.js'

/**
 * The authority of a `Host` header (RFC 9110 §7.2) as `URL` serialises it, without the default port of the scheme;
 * undefined if it is invalid.
 */
export function parseHost(host: string, scheme: 'http' | 'https'): string | undefined {
  const text = trimWhitespace(host)
  // `URL` would read these as the end of the authority, as user information or as an encoding, and drop some others.
  if (!/^[!-~]+$/.test(text) || /[/?#@\\%]/.test(text)) return undefined
  return parseUrl(`${scheme}://${text}`)?.host
}
