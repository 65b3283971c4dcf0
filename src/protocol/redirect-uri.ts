import { withoutCallbackParameters } from './authorize/callback.js'
import { isLoopback } from './discovery/endpoint.js'

/** RFC 8252 §7: https, http on loopback, or a private-use URI scheme in reverse domain name notation. */
export const isRedirectUri = (url: URL | undefined): boolean | undefined =>
  url &&
  !url.href.includes('#') &&
  withoutCallbackParameters(url) === url.href &&
  (/^https:|\./.test(url.protocol) || (url.protocol === 'http:' && isLoopback(url)))
