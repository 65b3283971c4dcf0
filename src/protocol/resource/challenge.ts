import { type Secrets, secretFinder } from '../../errors.js'

/** The parameters of all challenges in a `WWW-Authenticate` header (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9470 §3). */
export interface Challenge {
  readonly error?: string
  readonly scope?: string
  readonly acr_values?: string
  readonly max_age?: string
  /** The URL of the resource's metadata (RFC 9728 §5.1). */
  readonly resource_metadata?: string
}

/**
 * Reads these parameters, of repeated ones the first, and ignores all others.
 * @param secrets a parameter that contains one of them is left out
 */
export const challengeOf = (response: Response, secrets: Secrets = []): Challenge =>
  readChallenge(response, secretFinder(secrets))

/** The same, where no secret was sent that the response could repeat. */
export function readChallenge(response: Response, repeatsSecret = (_value: string) => false): Challenge {
  const found: Record<string, string> = {}
  // Cut, to limit the time for a hostile header.
  const header = response.headers.get('www-authenticate')?.slice(0, 4096) ?? ''
  for (const [, name = '', quoted, token = ''] of header.matchAll(
    /(?<![\w-])(error|scope|acr_values|max_age|resource_metadata)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|"(?:[^"\\]|\\.)*"/gi,
  )) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token
    if (name && !repeatsSecret(value)) found[name.toLowerCase()] ??= value.replace(/[^\x20-\x7e]+/g, ' ')
  }
  return found
}
