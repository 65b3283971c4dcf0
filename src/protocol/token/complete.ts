import * as oauth from 'oauth4webapi'
import { type CheckedClaim, errorWith, oauthRefusal, ProofkeyError, redact, repeatsSecret } from '../../errors.js'
import { MAX_SHOWN_LENGTH, MAX_TOKEN_SECONDS } from '../../limits.js'
import { callbackParameters, checkCallback, malformed } from '../authorize/callback.js'
import type { ResponseExpectations, Transaction } from '../authorize/transaction.js'
import { aheadMs } from '../clock.js'
import { parseUrl } from '../discovery/endpoint.js'
import { CLOCK_SKEW_SECONDS, checkIdToken, invalidIdToken } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import { scopes } from '../scope.js'
import { type Posted, post, type TokenRequestOptions } from './token-request.js'

/** The claims of an ID token (OpenID Connect Core §2), in the standard's names. */
export type IdTokenClaims = oauth.IDToken

/** How a token is sent: as it is (RFC 6750), or with a proof of the key that it is tied to (RFC 9449). */
export type TokenType = 'bearer' | 'dpop'

/** What the server gave. */
export interface Tokens<Type extends TokenType = TokenType> {
  readonly accessToken: string
  /** `dpop` where the client has `dpop`, and only there. */
  readonly tokenType: Type
  /** Milliseconds since the epoch, at most a year ahead; undefined where the server did not say. */
  readonly expiresAtMs: number | undefined
  /** What was granted: what the server named, or else what was asked for (RFC 6749 §5.1). */
  readonly scope: string
  /** The resource server that the access token was asked for (RFC 8707 §2.2). */
  readonly resource: string | undefined
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
}

/** What came of a token request that was answered, and whose answer was checked. */
export interface Grant<Type extends TokenType = TokenType> {
  readonly tokens: Tokens<Type>
  /** The checked claims of the ID token; undefined where `openid` was not asked for and none came. */
  readonly claims: IdTokenClaims | undefined
}

/** Of {@link completeAuthorization}. */
export interface CompleteOptions extends TokenRequestOptions {
  /** Pass `checkIdTokenSignature` to verify the ID token's signature too. */
  readonly signature?: SignatureCheck | undefined
  /** The posted body, where `responseMode` is `form_post`. Default: the callback URL's own parameters. */
  readonly form?: URLSearchParams | undefined
}

/**
 * Finishes a sign-in: holds the callback against its transaction, redeems the code with one request, checks the answer.
 * Until then nothing has been sent but, beside it, the request for the signature's keys. An error that is `retryable`
 * left the code unspent as far as anyone can know; after any other the transaction is over.
 * @param callback the whole URL the person landed on
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
  if (!url) throw malformed('is no absolute URL')
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
  return readGrant(expected, { response, secrets: [...secrets, idToken.nonce, state] }, verifySignature)
}

/**
 * Holds the token endpoint's answer against what was asked for: what oauth4webapi checks, and what it leaves to its caller.
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
  try {
    const result = await oauth.processGenericTokenEndpointResponse(expected.server, client, response)
    const { access_token, id_token, refresh_token } = result
    const tokenType = expected.dpop ? 'dpop' : 'bearer'
    if (result.token_type !== tokenType) throw tokenResponseInvalid(`its token_type is not ${tokenType}`)
    if (id_token) await verifySignature?.(response)
    const claims = oauth.getValidatedIdTokenClaims(result)
    const policy = expected.idToken
    if (policy && claims) {
      const context = { clientId: expected.clientId, idToken: id_token ?? '', accessToken: access_token, aheadSeconds }
      await checkIdToken(claims, context, policy)
    } else if (policy?.required) throw invalidIdToken('it is missing')
    const issued = [...secrets, access_token, id_token, refresh_token]
    const granted = scopes(result.scope ?? expected.scope).filter(
      (value) => value.length <= MAX_SHOWN_LENGTH && !repeatsSecret(value, issued),
    )
    const missing = scopes(expected.requiredScope).filter((value) => !granted.includes(value))
    if (missing.length) {
      const hint =
        (result.scope ?? expected.scope) ? 'Ask for consent.' : 'Let the server name the granted scope in its response.'
      throw new ProofkeyError('scope_missing', `Not granted: ${redact(missing.join(' '), issued)}.`, hint)
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
    throw translate(error, response, secrets)
  }
}

export const expired = (): ProofkeyError => new ProofkeyError('expired', 'The sign-in took too long.')

const tokenResponseInvalid = (what: string) =>
  new ProofkeyError(
    'token_response_invalid',
    `The token response was refused: ${what}.`,
    'Check the issuer and what stands before it.',
  )

/** The one place where oauth4webapi's errors become ours. Their `cause` holds tokens and claims: only the message goes on. */
function translate(error: unknown, response: Response, secrets: Posted['secrets']): ProofkeyError {
  const { message, cause } = error as Error
  if (error instanceof ProofkeyError) {
    // The token endpoint has answered: nothing that fails now makes the code good again.
    return error.retryable ? errorWith(error, { retryable: false }) : error
  }
  if (error instanceof oauth.ResponseBodyError) {
    const hint = 'Start a new sign-in; it may mean a stolen code.'
    return oauthRefusal('token_request_refused', 'The server refused', error, secrets, hint)
  }
  const about = Object(cause)
  return ['claims', 'header'].some((part) => part in about)
    ? invalidIdToken(message, about.claim as CheckedClaim | undefined)
    : tokenResponseInvalid(`${message} (status ${response.status})`)
}
