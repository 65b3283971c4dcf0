import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { trimWhitespace } from './whitespace.js'

/**
 * Where a request goes of which no Web `Request` can be made: to a host that cannot exist (RFC 2606 §2). An app's routes
 * see its path; every handler of this package answers it with 400.
 */
export const BAD_REQUEST_ORIGIN = 'http://bad-request.invalid'

/** Also true for a framework's own request object with a URL that does not parse. */
export const isBadRequest = ({ url }: Request): boolean =>
  [undefined, BAD_REQUEST_ORIGIN].includes(parseUrl(url)?.origin)

/**
 * An authority as a `Host` header may have it (RFC 9110 §7.2), written as `URL` writes it, without a port that is the
 * scheme's own; undefined for anything else.
 */
export function parseHost(host: string, scheme: 'http' | 'https'): string | undefined {
  const text = trimWhitespace(host)
  // `URL` would take these as the end of the authority, as user information or as an encoding, and drop some others.
  if (!/^[!-~]+$/.test(text) || /[/?#@\\%]/.test(text)) return undefined
  return parseUrl(`${scheme}://${text}`)?.host
}
