import { redact } from '../../errors.js'
import { configInvalid } from '../authorize/begin.js'
import { parseUrl } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { checkTokenType } from './check-grant.js'
import type { TokenType } from './complete.js'
import { type GrantedToken, requestGrant, type TokenTarget } from './grant-request.js'
import type { TokenRequestOptions } from './token-request.js'
import { tokenResponseInvalid } from './token-response.js'

/** The token type identifiers of RFC 8693 §3. */
export const TOKEN_TYPES = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  saml1: 'urn:ietf:params:oauth:token-type:saml1',
  saml2: 'urn:ietf:params:oauth:token-type:saml2',
} as const

/** One of {@link TOKEN_TYPES}, or another absolute URI that the server defines. */
export type TokenTypeIdentifier = (typeof TOKEN_TYPES)[keyof typeof TOKEN_TYPES] | (string & {})

type AccessTokenIdentifier = (typeof TOKEN_TYPES)['accessToken']

/** What is exchanged, and for what. */
export interface TokenExchangeRequest<Requested extends TokenTypeIdentifier = TokenTypeIdentifier> extends TokenTarget {
  /** The token of the party on whose behalf the request is made. */
  readonly subjectToken: string
  readonly subjectTokenType: TokenTypeIdentifier
  /**
   * The token of the party that acts. Whether it may act for the subject (`may_act`), and how the issued token says so (`act`),
   * is up to the server (§4). Default: none.
   */
  readonly actorToken?: string | undefined
  /** Required with `actorToken`, and not allowed without. */
  readonly actorTokenType?: TokenTypeIdentifier | undefined
  /** The type that the issued token must have. Default `TOKEN_TYPES.accessToken`. */
  readonly requestedTokenType?: Requested | undefined
}

/** Options of {@link exchangeToken}. */
export interface TokenExchangeOptions<Requested extends TokenTypeIdentifier = TokenTypeIdentifier>
  extends TokenRequestOptions,
    TokenExchangeRequest<Requested> {}

interface IssuedToken extends GrantedToken {
  /** The type of the issued token: the requested one. */
  readonly issuedTokenType: TokenTypeIdentifier
  /** Undefined unless the server sent one; most do not (§2.2.1). */
  readonly refreshToken: string | undefined
}

/** An issued token that APIs accept as access token. */
export interface ExchangedAccessToken extends IssuedToken {
  readonly accessToken: string
  /** `dpop` with the option `dpop`, otherwise `bearer`. */
  readonly tokenType: TokenType
}

/** An issued token that is no access token, for example an ID token or a SAML assertion: do not send it to an API as one. */
export interface ExchangedSecurityToken extends IssuedToken {
  readonly securityToken: string
  readonly accessToken?: undefined
  readonly tokenType: 'N_A'
}

/** The result of {@link exchangeToken}: an access token if one was requested, otherwise what `tokenType` says. */
export type ExchangedToken<Requested extends TokenTypeIdentifier = TokenTypeIdentifier> =
  Requested extends AccessTokenIdentifier ? ExchangedAccessToken : ExchangedAccessToken | ExchangedSecurityToken

/**
 * Exchanges a token for another one (RFC 8693), for example the access token of a user for one that a downstream API accepts.
 * The issued token must have the requested type, and must not be one of those that were sent.
 * @throws `config_invalid`; `client_auth_unsupported`, `not_supported`, `endpoint_refused`; `network_error`, `timeout`,
 * `aborted`, `response_refused`; `token_request_refused`, `token_response_invalid`, `scope_missing`
 * @example
 * ```ts
 * import { clientSecretBasic, discover, exchangeToken, TOKEN_TYPES } from 'proofkey/protocol'
 *
 * declare const subjectToken: string
 * const server = await discover('https://login.example.com')
 * const { accessToken } = await exchangeToken(server, 'orders', {
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   subjectToken,
 *   subjectTokenType: TOKEN_TYPES.accessToken,
 *   resource: 'https://stock.example.com/',
 * })
 * ```
 */
export async function exchangeToken<Requested extends TokenTypeIdentifier = AccessTokenIdentifier>(
  server: ServerMetadata,
  clientId: string,
  options: TokenExchangeOptions<Requested>,
): Promise<ExchangedToken<Requested>> {
  const problems = requestProblems(options)
  if (problems[0]) throw configInvalid(problems)
  const { subjectToken, actorToken } = options
  const requested: TokenTypeIdentifier = options.requestedTokenType ?? TOKEN_TYPES.accessToken
  const parameters = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: options.subjectTokenType,
    actor_token: actorToken,
    actor_token_type: options.actorTokenType,
    requested_token_type: requested,
  }
  return requestGrant(server, clientId, parameters, options, ({ answer, secrets, granted }) => {
    const { accessToken: token, refreshToken } = answer
    const { issued_token_type: issuedTokenType, ...other } = answer.other
    if (typeof issuedTokenType !== 'string' || !issuedTokenType)
      throw tokenResponseInvalid('its issued_token_type is missing', 'Mend the server (RFC 8693 §2.2.1).')
    if (issuedTokenType !== requested)
      throw tokenResponseInvalid(
        `its issued_token_type is ${redact(issuedTokenType, secrets)}, not ${requested}`,
        'Request a token type that the server issues.',
      )
    // A gateway or server that echoes the token would send it on to an API that it was not issued for.
    if (token === subjectToken || token === actorToken)
      throw tokenResponseInvalid('its token is the one that was sent', 'Enable token exchange on the server.')
    const issued = { ...granted, other, issuedTokenType, refreshToken }
    return (
      answer.tokenType === 'n_a' && requested !== TOKEN_TYPES.accessToken
        ? { ...issued, securityToken: token, tokenType: 'N_A' }
        : { ...issued, accessToken: token, tokenType: accessTokenType(answer.tokenType) }
    ) as ExchangedToken<Requested>
  })

  /** @throws `token_response_invalid`, for a token that is no access token and is said to be usable as one, or the reverse */
  function accessTokenType(tokenType: string): TokenType {
    if (NEVER_ACCESS_TOKENS.includes(requested))
      throw tokenResponseInvalid('its token_type is not N_A, but its token is no access token')
    return checkTokenType(tokenType, options.dpop)
  }
}

const NEVER_ACCESS_TOKENS: readonly string[] = [
  TOKEN_TYPES.refreshToken,
  TOKEN_TYPES.idToken,
  TOKEN_TYPES.saml1,
  TOKEN_TYPES.saml2,
]

/** The invalid members, without their values. */
function requestProblems({ subjectToken, subjectTokenType, actorToken, ...request }: TokenExchangeRequest): string[] {
  const { actorTokenType, requestedTokenType } = request
  const problems: string[] = []
  if (typeof subjectToken !== 'string' || !subjectToken)
    problems.push(`subjectToken (${typeof subjectToken}): must be the token to exchange`)
  if (actorToken !== undefined && (typeof actorToken !== 'string' || !actorToken))
    problems.push(`actorToken (${typeof actorToken}): must be a token`)
  if ((actorToken === undefined) !== (actorTokenType === undefined))
    problems.push('actorTokenType: must be set with actorToken, and only with it')
  for (const [name, type] of Object.entries({ subjectTokenType, actorTokenType, requestedTokenType }))
    if (!parseUrl(type) && (type !== undefined || name === 'subjectTokenType'))
      problems.push(`${name} (${typeof type}): must be an absolute URI, for example one of TOKEN_TYPES`)
  return problems
}
