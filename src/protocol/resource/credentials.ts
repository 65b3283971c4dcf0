import { ProofkeyError } from '../../errors.js'
import { MAX_CREDENTIAL_LENGTH } from '../../limits.js'
import { BAD_REQUEST_ORIGIN } from '../bad-request.js'

/** An access token as a request presents it. */
export interface Credentials {
  readonly scheme: TokenScheme
  readonly token: string
}

/** The authentication schemes of RFC 6750 §2.1 and RFC 9449 §7.1. */
export type TokenScheme = 'Bearer' | 'DPoP'

/**
 * Reads the access token of a request: only from its one `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1).
 * @returns undefined if it has none, or credentials of another scheme
 * @throws `request_malformed` if the header is malformed or repeated, or if a token is in the URL
 */
export function readCredentials(request: Request): Credentials | undefined {
  const { url } = request
  if (url.startsWith(BAD_REQUEST_ORIGIN))
    throw requestMalformed('has no valid Host, or a repeated header', 'Check the proxy.')
  const at = url.indexOf('?')
  // URLs get into logs and histories (RFC 9700 §4.3.2).
  if (at >= 0 && new URLSearchParams(url.slice(at)).has('access_token'))
    throw requestMalformed('has an access token in its URL', 'Send it in the Authorization header.')
  const header = request.headers.get('authorization')
  // `Headers` joins repeated headers with a comma, which no token contains.
  const [, name = '', token = ''] = /^(bearer|dpop) +([\w.~+/-]+=*)$/i.exec(header ?? '') ?? []
  if (token) {
    if (token.length > MAX_CREDENTIAL_LENGTH) throw requestMalformed('has an access token that is too long')
    return { scheme: name.length === 4 ? 'DPoP' : 'Bearer', token }
  }
  if (/(^|,)\s*(bearer|dpop)\b/i.test(header ?? ''))
    throw requestMalformed(
      'has a malformed or repeated Authorization header',
      'Send it once: a scheme, a space, a token.',
    )
  return undefined
}

const requestMalformed = (what: string, hint = 'Correct the request.') =>
  new ProofkeyError('request_malformed', `The request ${what}.`, hint)
