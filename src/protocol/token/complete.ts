import { ticketSecret } from '../../crypto/ticket.js'
import { errorWith, isProofkeyError, ProofkeyError } from '../../errors.js'
import { needsRar } from '../authorize/begin.js'
import { callbackParameters, checkCallback, malformed } from '../authorize/callback.js'
import type { ResponseExpectations, Transaction } from '../authorize/transaction.js'
import { aheadSecondsOf } from '../clock.js'
import { parseUrl } from '../discovery/endpoint.js'
import { checkIdToken, invalidIdToken } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import { headerOf, parseJwt } from '../jose/jws.js'
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

/** Checks a token response against the request. */
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
    ? await checkedClaims(expected, { accessToken, idToken }, { response, secrets: issued }, verifySignature)
    : undefined
  if (!claims && expected.idToken.required)
    throw invalidIdToken('it is missing', undefined, 'Allow openid for this client on the server.')
  const scope = checkScope(answer, expected, issued)
  const { authorizationDetails: requested, resource, rar = requested && needsRar() } = expected
  const authorizationDetails = rar?.granted(answer.authorizationDetails, expected, issued)
  return { tokens: { ...answer, tokenType, scope, resource, authorizationDetails }, claims }
}

/** The claims of the response's ID token, after all checks. */
async function checkedClaims(
  { server, clientId, idToken: requested, provider }: ResponseExpectations,
  { idToken, accessToken }: Readonly<Record<'idToken' | 'accessToken', string>>,
  { response, secrets }: Posted,
  verifySignature: ReturnType<SignatureCheck> | undefined,
): Promise<IdTokenClaims> {
  const jwt = parseJwt(idToken)
  if (!jwt)
    throw headerOf(idToken)
      ? invalidIdToken('it is encrypted, malformed, or has a crit header', undefined, 'Let the server only sign it.')
      : tokenResponseInvalid('its id_token is no JWT')
  const [issuing, policy] = provider?.idToken(jwt.claims, server, requested) ?? [server, requested]
  const source = { server: issuing, clientId, accessToken, aheadSeconds: aheadSecondsOf(response), secrets }
  const claims = await checkIdToken(jwt, policy, source)
  await verifySignature?.(jwt).catch((error) => {
    // The token endpoint has responded, so the code is used up, whatever fails now.
    throw isProofkeyError(error) ? errorWith(error, { retryable: false }) : error
  })
  return claims
}

export const expired = (): ProofkeyError =>
  new ProofkeyError('expired', 'The sign-in took too long.', 'Start a new sign-in, or raise lifetimeSeconds.')
