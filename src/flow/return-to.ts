const BASE = 'https://return-to.invalid'

/**
 * A path of this origin, normalised, or undefined for everything else (RFC 9700 §4.11.1): other origins however
 * spelled, backslashes, control characters, paths that become `//host` once dots or escapes are resolved.
 */
export function sameOriginPath(value: unknown): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
  if (typeof value !== 'string' || !/^\/[^\\\x00-\x1f\x7f]*$/.test(value)) return undefined
  const path = resolve(value)
  // Once more, as a router reads it that decodes first.
  return path && resolve(path.replace(/%[0-7][\da-f]/gi, decodeURIComponent)) && path
}

function resolve(path: string): string | undefined {
  if (!URL.canParse(path, BASE)) return undefined
  const { origin, href } = new URL(path, BASE)
  const resolved = href.slice(BASE.length)
  return origin === BASE && !resolved.startsWith('//') ? resolved : undefined
}
