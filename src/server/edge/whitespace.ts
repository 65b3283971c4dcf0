/**
 * Without leading and trailing spaces and tabs, the only whitespace of HTTP and cookies (RFC 9110 §5.6.3, RFC 6265 §5.2).
 * `String.trim` also strips U+00A0 and others, which browsers do not strip.
 */
export function trimWhitespace(text: string): string {
  let [start, end] = [0, text.length]
  while (isWhitespace(text, start)) start++
  while (isWhitespace(text, end - 1)) end--
  return text.slice(start, end)
}

const isWhitespace = (text: string, at: number) => text[at] === ' ' || text[at] === '\t'
