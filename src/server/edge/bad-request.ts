import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { trimWhitespace } from './whitespace.js'

/**
 * The origin of a `Request` that stands for an invalid one: a host that cannot exist (RFC 2606 §2). The app's router sees
 * the path; every handler of this package responds with 400.
 */
export const BAD_REQUEST_ORIGIN = 'http://bad-request.invalid'

/** Also true for a request object of a framework with an invalid URL. */
export const isBadRequest = ({ url }: Request): boolean =>
  [undefined, BAD_REQUEST_ORIGIN].includes(parseUrl(url)?.origin)

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
