/**
 * What follows in a path after one that it begins with, both as `URL` has parsed them.
 * @returns undefined if it begins with something else, or if a server could read it as a path elsewhere
 */
export function pathBelow(path: string, start: string): string | undefined {
  const rest = path.startsWith(start) ? path.slice(start.length) : undefined
  return rest === '' || (rest && isPlainPath(rest)) ? rest : undefined
}

/** How often text is decoded: more than that is no honest path. */
const MAX_ROUNDS = 5

/** A separator or control character; `%u002f` is a slash to IIS (HTTP.sys, PercentUAllowed). */
const SEPARATOR = /[/\\\p{Cc}]|%u[\da-f]{4}/iu
/** Only dots, up to what a server cuts off: a path parameter (`..;x`), or a query in a path that it decoded too early (`..?x`). */
const DOTS = /^[.\s\p{Cf}]*(?:;|$)|^[.\s\p{Cf}]+[?#]/u

/**
 * Whether every server reads the same segments in a path that `URL` has parsed. Some decode twice, remove path parameters
 * (`..;x`), take `\` for `/`, or normalise Unicode: then the path could lead elsewhere.
 */
const isPlainPath = (path: string): boolean =>
  path
    .replace(/\/$/, '')
    .split('/')
    .every((segment) => {
      const text = fullyDecoded(segment)
      return text !== undefined && !SEPARATOR.test(text) && !DOTS.test(text)
    })

/** Undefined if a byte is not UTF-8 (an overlong dot, for example), or if it is encoded too often. */
function fullyDecoded(text: string, rounds = MAX_ROUNDS): string | undefined {
  try {
    const once = text.normalize('NFKC').replace(/(?:%[\da-f]{2})+/gi, decodeURIComponent)
    if (once === text) return text
    return rounds ? fullyDecoded(once, rounds - 1) : undefined
  } catch {
    return undefined
  }
}
