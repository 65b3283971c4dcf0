import { parseUrl } from '../protocol/discovery/endpoint.js'

const BASE = 'https://return-to.invalid'

/**
 * Prevents open redirects (RFC 9700 §4.11.1).
 * @returns the path, normalised; undefined for everything that a browser or router could read as another origin: absolute
 * and protocol-relative URLs, backslashes, control characters, paths that become `//host` when dots or escapes are resolved, and
 * paths longer than `maxBytes` when they are normalised
 */
export function sameOriginPath(value: unknown, maxBytes?: number): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this expression rejects
  if (typeof value !== 'string' || !/^\/[^\\\x00-\x1f\x7f]*$/.test(value)) return undefined
  const path = resolve(value)
  if (path && maxBytes && path.length > maxBytes) return undefined
  // Check again with escapes decoded, because some routers decode the path before they use it.
  return path && resolve(path.replace(/%[0-7][\da-f]/gi, decodeURIComponent)) && path
}

function resolve(path: string): string | undefined {
  const url = parseUrl(path, BASE)
  const resolved = url?.href.slice(BASE.length)
  return url?.origin === BASE && resolved && !resolved.startsWith('//') ? resolved : undefined
}
