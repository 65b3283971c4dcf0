import { redact, type Secrets } from '../server-error.js'

/** What a `WWW-Authenticate` header says, in all its challenges together (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9470 §3). */
export interface Challenge {
  readonly error?: string
  readonly scope?: string
  readonly acr_values?: string
  readonly max_age?: string
}

/**
 * Reads the parameters that matter here, each in its first appearance; whatever else stands there is passed over.
 * @param secrets what an API must not say back
 */
export function challengeOf(response: Response, secrets: Secrets = []): Challenge {
  const found: Record<string, string> = {}
  // Cut, so that a hostile one takes no time.
  const header = response.headers.get('www-authenticate')?.slice(0, 4096) ?? ''
  for (const [, name = '', quoted, token = ''] of header.matchAll(
    /(?<![\w-])(error|scope|acr_values|max_age)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|"(?:[^"\\]|\\.)*"/gi,
  )) {
    if (name) found[name.toLowerCase()] ??= redact(quoted?.replace(/\\(.)/g, '$1') ?? token, secrets)
  }
  return found
}
