import { parseUrl } from './discovery/endpoint.js'

/**
 * The origin of a `Request` that stands for an invalid one: a host that cannot exist (RFC 2606 §2). The app's router sees
 * the path; every handler of this package responds with 400.
 */
export const BAD_REQUEST_ORIGIN = 'http://bad-request.invalid'

/** Also true for a request object of a framework with an invalid URL. */
export const isBadRequest = ({ url }: Request): boolean =>
  [undefined, BAD_REQUEST_ORIGIN].includes(parseUrl(url)?.origin)
