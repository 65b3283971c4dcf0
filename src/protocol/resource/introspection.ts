import { ProofkeyError } from '../../errors.js'
import type { PinnedServer } from '../authorize/transaction.js'
import { isName } from '../json.js'
import { responseRefused } from '../request.js'
import { post, type TokenRequestOptions } from '../token/token-request.js'
import { type Claims, requireChecks, type TokenPolicy, tokenChecks, tokenRefused } from './token-checks.js'

/** Who asks. */
export type IntrospectionOptions = Omit<TokenRequestOptions, 'dpop' | 'provider'>

/**
 * Asks the authorization server about a token (RFC 7662 §2), as a client of it.
 * @returns the response; undefined if the token is not active
 * @throws `endpoint_refused`, `network_error`, `timeout`, `aborted`; `response_refused` for any response that is not clear
 */
export async function introspect(
  server: PinnedServer,
  clientId: string,
  token: string,
  options: IntrospectionOptions,
): Promise<Claims | undefined> {
  const name = 'introspection_endpoint'
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
  const { response } = await post(server, { client_id: clientId }, body, options, name)
  const url = `The ${name}`
  if (response.status !== 200)
    throw responseRefused(
      url,
      `responded with status ${response.status}`,
      'Check the client authentication of this API.',
    )
  const answer: unknown = await response.json().catch(() => undefined)
  const { active } = Object(answer)
  if (typeof active !== 'boolean') throw responseRefused(url, 'returned no JSON with active: true or false')
  return active ? (answer as Claims) : undefined
}

declare const brand: unique symbol

/** The type of {@link allowMissingAudience}, its only value. */
export type MissingAudience = { readonly [brand]: true }

/**
 * Pass it as `missingAudience` to accept introspection responses without `aud`, of a server that does not send it. Requires
 * `clientIds`.
 *
 * @deprecated Marked only as a warning: a token that one of these clients got for another API is accepted here as well.
 */
export const allowMissingAudience = 'allowMissingAudience' as unknown as MissingAudience

export interface IntrospectionPolicy extends TokenPolicy {
  readonly missingAudience?: MissingAudience | undefined
}

/**
 * Checks what the server says of an active token: `iss`, `exp`, `nbf`, `iat` and `cnf` if present, `aud`, and `token_type`. A
 * refresh token has no type, or `token_use` tells.
 * @throws `token_refused`
 */
export function checkIntrospection(claims: Claims, policy: IntrospectionPolicy): Claims {
  const { token_type, token_use, aud, cnf } = claims
  const { aud: isForThis, ...checks } = tokenChecks(claims, policy)
  requireChecks(
    { ...checks, aud: isForThis || (aud === undefined && policy.missingAudience === allowMissingAudience) },
    claims,
  )
  const isAccess = token_use === undefined || /^access(_token)?$/.test(`${token_use}`)
  if (!isAccess || !isName(token_type) || !/^(bearer|dpop)$/i.test(token_type))
    throw tokenRefused('the server does not say that it is an access token')
  if (/^dpop$/i.test(token_type) && !Object(cnf).jkt) throw tokenRefused('its key is missing', 'cnf')
  return claims
}

/** What happened while the server was asked; its text is not passed on. */
export const introspectionFailed = (cause: unknown): ProofkeyError =>
  new ProofkeyError(
    'validation_unavailable',
    'The authorization server could not be asked about the token.',
    'Try again.',
    {
      cause,
      retryable: true,
    },
  )
