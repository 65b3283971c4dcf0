/** What a `WWW-Authenticate` header says, in all its challenges together (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9470 §3). */
export interface Challenge {
  readonly error?: string
  readonly scope?: string
  readonly acr_values?: string
  readonly max_age?: string
}

/** Reads the parameters that matter here, each in its first appearance; whatever else stands there is passed over. */
export function challengeOf(response: Response): Challenge {
  const found: Record<string, string> = {}
  const header = response.headers.get('www-authenticate') ?? ''
  for (const [, name = '', quoted, token = ''] of header.matchAll(
    /\b(error|scope|acr_values|max_age)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|"(?:[^"\\]|\\.)*"/g,
  )) {
    if (name) found[name] ??= quoted?.replace(/\\(.)/g, '$1') ?? token
  }
  return found
}
