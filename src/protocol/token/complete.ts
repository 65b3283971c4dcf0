import * as oauth from 'oauth4webapi'
import { ticketSecret } from '../../crypto/ticket.js'
import {
  type CheckedClaim,
  errorWith,
  oauthErrorOf,
  oauthRefusal,
  ProofkeyError,
  redact,
  secretFinder,
} from '../../errors.js'
import { MAX_SHOWN_LENGTH, MAX_TOKEN_SECONDS } from '../../limits.js'
import { callbackParameters, checkCallback, malformed } from '../authorize/callback.js'
import type { ResponseExpectations, Transaction } from '../authorize/transaction.js'
import { aheadMs } from '../clock.js'
import { parseUrl } from '../discovery/endpoint.js'
import { CLOCK_SKEW_SECONDS, checkIdToken, invalidIdToken } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import type { StandardClaims } from '../jose/standard-claims.js'
import { CHECK_ISSUER } from '../request.js'
import { scopes } from '../scope.js'
import { type Posted, post, type TokenRequestOptions } from './token-request.js'

/**
 * The claims of an ID token under their standard names (OpenID Connect Core §2, §5.1). Those that identify the user, the
 * client and the sign-in are checked; the others are as the server sent them.
 */
export type IdTokenClaims = oauth.IDToken & StandardClaims

/** How a token is sent: alone (RFC 6750), or with a proof of the key that it is bound to (RFC 9449). */
export type TokenType = 'bearer' | 'dpop'

/** The tokens of a token response. */
export interface Tokens<Type extends TokenType = TokenType> {
  readonly accessToken: string
  /** `dpop` if the client uses DPoP, otherwise `bearer`. */
  readonly tokenType: Type
  /** Milliseconds since the epoch, at most a year ahead; undefined if the server sent no `expires_in`. */
  readonly expiresAtMs: number | undefined
  /** The granted scope: of the response, or the requested one if the response has none (RFC 6749 §5.1). */
  readonly scope: string
  /** The resource that the access token was requested for (RFC 8707 §2.2). */
  readonly resource: string | undefined
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
}

/** The checked result of a token request. */
export interface Grant<Type extends TokenType = TokenType> {
  readonly tokens: Tokens<Type>
  /** The checked claims of the ID token; undefined without an ID token, if `openid` was not requested. */
  readonly claims: IdTokenClaims | undefined
}

/** Options of {@link completeAuthorization}. */
export interface CompleteOptions extends TokenRequestOptions {
  /** Pass `checkIdTokenSignature` to verify the ID token's signature too. */
  readonly signature?: SignatureCheck | undefined
  /** The posted body, if `responseMode` is `form_post`. Default: the parameters of the callback URL. */
  readonly form?: URLSearchParams | undefined
}

/**
 * Completes a sign-in: checks the callback against the transaction, sends the token request and checks the response.
 * If an error is `retryable`, the code was probably not used: call it again. After any other error, discard the transaction.
 * @param callback the complete callback URL
 * @throws `expired`, `callback_malformed`, `callback_issuer_mismatch`, `unknown_state`, `redirect_uri_mismatch`,
 * `access_denied`, `authorization_failed`; `network_error`, `timeout`, `aborted`, `response_refused`,
 * `endpoint_refused`; `token_request_refused`, `token_response_invalid`, `id_token_invalid`, `acr_not_met`,
 * `scope_missing`
 */
export async function completeAuthorization(
  transaction: Transaction,
  callback: URL | string,
  options: CompleteOptions = {},
): Promise<Grant> {
  const { server, clientId, redirectUri, codeVerifier, resource, idToken, state } = transaction
  if (!(transaction.expiresAtMs > Date.now())) throw expired()
  const url = parseUrl(`${callback}`)
  if (!url) throw malformed('is not an absolute URL', 'Pass the whole URL.')
  const code = checkCallback(transaction, url, options.form ?? callbackParameters(url))

  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: codeVerifier,
  })
  if (resource) body.set('resource', resource)
  const verifySignature = options.signature?.(server, options)
  const { response, secrets } = await post(server, { client_id: clientId }, body, options)
  const expected = { ...transaction, dpop: options.dpop }
  return readGrant(expected, { response, secrets: [...secrets, idToken.nonce, ticketSecret(state)] }, verifySignature)
}

/**
 * Checks a token response against the request: the checks of oauth4webapi, and those that it leaves to its caller.
 */
export async function readGrant(
  expected: ResponseExpectations,
  { response, secrets }: Posted,
  verifySignature: ReturnType<SignatureCheck> | undefined,
): Promise<Grant> {
  const aheadSeconds = aheadMs(response) / 1000
  const client = {
    client_id: expected.clientId,
    [oauth.clockSkew]: aheadSeconds,
    [oauth.clockTolerance]: CLOCK_SKEW_SECONDS,
  }
  const spare = response.ok ? undefined : response.clone()
  try {
    const result = await oauth.processGenericTokenEndpointResponse(expected.server, client, response)
    const { access_token, id_token, refresh_token } = result
    const tokenType = expected.dpop ? 'dpop' : 'bearer'
    if (result.token_type !== tokenType) throw tokenResponseInvalid(`its token_type is not ${tokenType}`)
    if (id_token) await verifySignature?.(response)
    const claims = oauth.getValidatedIdTokenClaims(result)
    const policy = expected.idToken
    if (claims) await checkIdToken(claims, result, expected.clientId, policy, aheadSeconds)
    else if (policy.required) throw invalidIdToken('it is missing')
    const issued = [...secrets, access_token, id_token, refresh_token]
    const repeatsSecret = secretFinder(issued)
    const scope = result.scope ?? expected.scope
    const granted = scopes(scope).filter((value) => value.length <= MAX_SHOWN_LENGTH && !repeatsSecret(value))
    const missing = scopes(expected.requiredScope).filter((value) => !granted.includes(value))
    if (missing.length) {
      const hint = scope ? 'Sign in with prompt=consent.' : 'Let the server send the granted scope.'
      throw new ProofkeyError('scope_missing', `The server did not grant: ${redact(missing.join(' '), issued)}.`, hint)
    }
    return {
      tokens: {
        accessToken: access_token,
        tokenType,
        expiresAtMs:
          result.expires_in === undefined
            ? undefined
            : Date.now() + Math.min(result.expires_in, MAX_TOKEN_SECONDS) * 1000,
        scope: granted.join(' '),
        resource: expected.resource,
        refreshToken: refresh_token,
        idToken: id_token,
      },
      claims,
    }
  } catch (error) {
    // An empty body, or JSON without an error, is from the server; a page is from a proxy.
    const isMute = /^40[01]$/.test(`${response.status}`) && /^\s*(\{|$)/.test((await spare?.text()) ?? '<')
    throw translate(error, response, secrets, isMute)
  }
}

export const expired = (): ProofkeyError =>
  new ProofkeyError('expired', 'The sign-in took too long.', 'Start a new sign-in, or raise lifetimeSeconds.')

const tokenResponseInvalid = (what: string) =>
  new ProofkeyError('token_response_invalid', `The token response was rejected: ${what}.`, CHECK_ISSUER)

/** Converts oauth4webapi errors. Their `cause` can contain tokens and claims, so only the message is kept. */
function translate(error: unknown, response: Response, secrets: Posted['secrets'], isMute: boolean): ProofkeyError {
  const { message, cause } = error as Error
  if (error instanceof ProofkeyError) {
    // The token endpoint has responded, so the code is used up, whatever fails now.
    return error.retryable ? errorWith(error, { retryable: false }) : error
  }
  const about = Object(cause)
  // Some servers send an OAuth error with status 200, where RFC 6749 §5.2 requires 400.
  const body = error instanceof oauth.ResponseBodyError ? error : oauthErrorOf(about.body)
  if (body && !('access_token' in body)) {
    const hint = 'Start a new sign-in; invalid_grant can mean a stolen code.'
    return oauthRefusal('token_request_refused', body, secrets, hint)
  }
  if (isMute)
    return new ProofkeyError(
      'token_request_refused',
      `The server rejected the request with status ${response.status} and without an OAuth error.`,
      'Read the log of the server: the code or refresh token may be used, expired or revoked.',
    )
  return ['claims', 'header'].some((part) => part in about)
    ? invalidIdToken(message, about.claim as CheckedClaim | undefined)
    : tokenResponseInvalid(`${message} (status ${response.status})`)
}
