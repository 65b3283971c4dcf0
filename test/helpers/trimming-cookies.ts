/**
 * How many servers read a `Cookie` header, proofkey's first versions among them: `String.trim` also strips what browsers
 * keep, U+00A0 for example, and of two cookies with one name the first counts. For contrast.
 */
export function parseTrimming(header: string | null): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of header?.split(';') ?? []) {
    const [name = '', ...value] = pair.split('=')
    if (!cookies.has(name.trim())) cookies.set(name.trim(), value.join('=').trim())
  }
  return cookies
}

/** The header as a server sees it that reads cookies so. */
export const trimmedHeader = (header: string | null): string =>
  [...parseTrimming(header)].map(([name, value]) => `${name}=${value}`).join('; ')
