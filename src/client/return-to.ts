const BASE = 'https://return-to.invalid'

/**
 * A path of this origin, normalised, or undefined for everything else (RFC 9700 §4.11.1): other origins however
 * spelled, backslashes, control characters, paths that become `//host` once dots or escapes are resolved.
 */
export function sameOriginPath(value: unknown): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
  if (typeof value !== 'string' || !/^\/[^\\\x00-\x1f\x7f]*$/.test(value) || !URL.canParse(value, BASE))
    return undefined
  const { origin, href } = new URL(value, BASE)
  const path = href.slice(BASE.length)
  return origin === BASE && !/^\/(\/|%2f|%5c)/i.test(path) ? path : undefined
}
