import { clockSkew, clockTolerance, processUserInfoResponse, skipSubjectCheck } from 'oauth4webapi'
import { ticketSecret } from '../../crypto/ticket.js'
import { type CheckedClaim, errorWith, ProofkeyError } from '../../errors.js'
import { needsRar } from '../authorize/begin.js'
import { callbackParameters, checkCallback, malformed } from '../authorize/callback.js'
import type { ResponseExpectations, Transaction } from '../authorize/transaction.js'
import { aheadSecondsOf, timeProblem } from '../clock.js'
import { parseUrl } from '../discovery/endpoint.js'
import {
  CLOCK_SKEW_SECONDS,
  checkIdToken,
  type IssuedTokens,
  invalidIdToken,
  issuerAheadSeconds,
  partOf,
} from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import type { IdTokenClaims } from '../jose/standard-claims.js'
import { checkScope, checkTokenType } from './check-grant.js'
import type { AuthorizationDetail } from './granted-details.js'
import { type Posted, post, type TokenRequestOptions } from './token-request.js'
import { readTokenResponse, tokenResponseInvalid } from './token-response.js'

/** How a token is sent: alone (RFC 6750), or with a proof of the key that it is bound to (RFC 9449). */
export type TokenType = 'bearer' | 'dpop'

/** The tokens of a token response. */
export interface Tokens<Type extends TokenType = TokenType> {
  readonly accessToken: string
  /** `dpop` if the client uses DPoP, otherwise `bearer`. */
  readonly tokenType: Type
  /** Milliseconds since the epoch, at most a year ahead; undefined if the server did not tell. */
  readonly expiresAtMs: number | undefined
  /** The granted scope: of the response, or the requested one if the response has none (RFC 6749 §5.1). */
  readonly scope: string
  /** The resource that the access token was requested for (RFC 8707 §2.2). */
  readonly resource: string | undefined
  /** The granted `authorization_details` (RFC 9396 §7), compared with the requested ones; only with `rar`. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /**
   * The members of the response that are not standard, for example `patient` of SMART App Launch. Untrusted, and not checked.
   * Text whose name ends in `token` or `secret` is left out, and text that contains a secret of this sign-in. Not stored in
   * a session; undefined if a backend returned the tokens without it.
   */
  readonly other?: Readonly<Record<string, unknown>> | undefined
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
 * `scope_missing`, `authorization_details_mismatch`
 * @example
 * ```ts
 * import { completeAuthorization, type Transaction } from 'proofkey/protocol'
 *
 * declare const transaction: Transaction // as stored; delete it first
 * const { tokens, claims } = await completeAuthorization(transaction, 'https://app.example.com/callback?code=…')
 * ```
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
  const expected = { ...transaction, dpop: options.dpop, provider: options.provider, rar: options.rar }
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
  const answer = await readTokenResponse(response, secrets, expected.provider, expected.scope)
  const { accessToken, idToken, refreshToken } = answer
  const tokenType = checkTokenType(answer.tokenType, expected.dpop)
  const issued = [...secrets, accessToken, idToken, refreshToken]
  const claims = idToken
    ? await checkedClaims(expected, { accessToken, idToken }, response, issued, verifySignature)
    : undefined
  if (!claims && expected.idToken.required)
    throw invalidIdToken('it is missing', undefined, 'Allow openid for this client on the server.')
  const scope = checkScope(answer, expected, issued)
  const { authorizationDetails: requested, resource, rar = requested && needsRar() } = expected
  const authorizationDetails = rar?.granted(answer.authorizationDetails, expected, issued)
  return { tokens: { ...answer, tokenType, scope, resource, authorizationDetails }, claims }
}

/**
 * The claims of the response's ID token, after all checks. oauth4webapi gets the ID token as the JWT of a signed UserInfo
 * response, and checks its algorithm, form, times, and `iss` and `aud` where they are present; `checkIdToken` requires them.
 * Its function for token responses would check the rest again that `readTokenResponse` has checked, for 3 kB more.
 */
async function checkedClaims(
  { server, clientId, idToken: requested, provider }: ResponseExpectations,
  tokens: IssuedTokens,
  response: Response,
  secrets: Posted['secrets'],
  verifySignature: ReturnType<SignatureCheck> | undefined,
): Promise<IdTokenClaims> {
  const { idToken } = tokens
  const aheadSeconds = aheadSecondsOf(response)
  const [issuing, policy] = provider?.idToken(partOf(idToken, 1), server, requested) ?? [server, requested]
  const { issuer, id_token_signing_alg_values_supported: algorithms = ['RS256'] } = issuing
  const client = {
    client_id: clientId,
    [clockSkew]: issuerAheadSeconds(idToken, policy, aheadSeconds),
    [clockTolerance]: CLOCK_SKEW_SECONDS,
  }
  try {
    const jwt = new Response(idToken, { headers: { 'content-type': 'application/jwt' } })
    const signer = { issuer, userinfo_signing_alg_values_supported: algorithms }
    const claims = (await processUserInfoResponse(signer, client, skipSubjectCheck, jwt)) as unknown as IdTokenClaims
    await verifySignature?.(jwt)
    await checkIdToken(claims, tokens, clientId, policy, aheadSeconds, secrets)
    return claims
  } catch (error) {
    throw translate(error)
  }
}

export const expired = (): ProofkeyError =>
  new ProofkeyError('expired', 'The sign-in took too long.', 'Start a new sign-in, or raise lifetimeSeconds.')

/** Converts oauth4webapi errors. Their `cause` can contain tokens and claims, so only the message is kept. */
function translate(error: unknown): ProofkeyError {
  const { message, cause } = error as Error
  if (error instanceof ProofkeyError) {
    // The token endpoint has responded, so the code is used up, whatever fails now.
    return error.retryable ? errorWith(error, { retryable: false }) : error
  }
  const about = Object(cause)
  const { alg } = Object(about.header)
  // A public client has no secret to verify it with.
  if (/^(none|HS\d+)$/i.test(alg))
    return invalidIdToken(`its alg is ${alg}`, undefined, 'Let the server sign it with RS256 or ES256.')
  if ('body' in about) return invalidIdToken('its sub is no text', 'sub')
  return ['claims', 'header'].some((part) => part in about)
    ? invalidIdToken(
        about.now ? timeProblem(about.claim, about.claims[about.claim], about.now) : message,
        about.claim as CheckedClaim | undefined,
      )
    : tokenResponseInvalid(message)
}
