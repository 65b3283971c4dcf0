import * as oauth from 'oauth4webapi'
import { ProofkeyError } from '../../errors.js'
import { callbackParameters, checkCallback, malformed } from '../authorize/callback.js'
import type { ResponseExpectations, Transaction } from '../authorize/transaction.js'
import { aheadMs } from '../clock.js'
import { parseUrl } from '../discovery/endpoint.js'
import { CLOCK_SKEW_SECONDS, checkIdToken, invalidIdToken } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import { scopes } from '../scope.js'
import { redact, type Secrets, serverError } from '../server-error.js'
import { post, type TokenRequestOptions } from './token-request.js'

/** The claims of an ID token (OpenID Connect Core §2), in the standard's names. */
export type IdTokenClaims = oauth.IDToken

/** How a token is sent: as it is (RFC 6750), or with a proof of the key that it is tied to (RFC 9449). */
export type TokenType = 'bearer' | 'dpop'

/** What the server gave. */
export interface Tokens<Type extends TokenType = TokenType> {
  readonly accessToken: string
  /** `dpop` where the client has `dpop`, and only there. */
  readonly tokenType: Type
  /** Milliseconds since the epoch; undefined where the server did not say. */
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
  const { server, clientId, redirectUri, codeVerifier, resource, nonce, state } = transaction
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
  const response = await post(server, { client_id: clientId }, body, options)
  return readGrant({ ...options, ...transaction }, response, verifySignature, body, [code, codeVerifier, nonce, state])
}

/**
 * Holds the token endpoint's answer against what was asked for: what oauth4webapi checks, and what it leaves to its caller.
 * @param body what was sent; none of it comes back in a server's words
 * @param secrets nor does any of these, nor in the scope
 * @param check for an ID token that comes with it
 */
export async function readGrant(
  asked: ResponseExpectations,
  response: Response,
  verifySignature: ReturnType<SignatureCheck> | undefined,
  body: URLSearchParams,
  secrets: Secrets,
  check: (...token: Parameters<typeof checkIdToken>) => Promise<void> = checkIdToken,
): Promise<Grant> {
  const aheadSeconds = aheadMs(response) / 1000
  const client = {
    client_id: asked.clientId,
    [oauth.clockSkew]: aheadSeconds,
    [oauth.clockTolerance]: CLOCK_SKEW_SECONDS,
  }
  try {
    const result = await oauth.processGenericTokenEndpointResponse(asked.server, client, response)
    const { access_token, id_token, refresh_token } = result
    const tokenType = asked.dpop ? 'dpop' : 'bearer'
    if (result.token_type !== tokenType) throw tokenResponseInvalid(`its token_type is not ${tokenType}`)
    if (id_token) await verifySignature?.(response)
    const claims = oauth.getValidatedIdTokenClaims(result)
    if (claims) await check(claims, id_token ?? '', access_token, asked, aheadSeconds)
    else if ((asked.nonce ?? asked.acrValues ?? asked.maxAgeSeconds) !== undefined)
      throw invalidIdToken('it is missing')
    const scope = redact(result.scope ?? asked.scope ?? '', [...secrets, access_token, id_token, refresh_token])
    const missing = scopes(asked.requiredScope).filter((value) => !scopes(scope).includes(value))
    if (missing.length)
      throw new ProofkeyError('scope_missing', `Not granted: ${missing.join(' ')}.`, 'Ask for consent.')
    return {
      tokens: {
        accessToken: access_token,
        tokenType,
        expiresAtMs: result.expires_in === undefined ? undefined : Date.now() + result.expires_in * 1000,
        scope,
        resource: body.get('resource') ?? undefined,
        refreshToken: refresh_token,
        idToken: id_token,
      },
      claims,
    }
  } catch (error) {
    throw translate(error, response, [...body.values(), ...secrets])
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
function translate(error: unknown, response: Response, secrets: Secrets): ProofkeyError {
  const { message, cause } = error as Error
  if (error instanceof ProofkeyError) {
    // The token endpoint has answered: nothing that fails now makes the code good again.
    return error.retryable ? new ProofkeyError(error.code, message, error.hint, { cause }) : error
  }
  if (error instanceof oauth.ResponseBodyError) {
    const said = serverError(error.error, error.error_description, secrets)
    return new ProofkeyError(
      'token_request_refused',
      `The server refused: ${said.error}.`,
      'Start a new sign-in; it may mean a stolen code.',
      { serverError: said },
    )
  }
  const about = Object(cause)
  return ['claims', 'header'].some((part) => part in about)
    ? invalidIdToken(message)
    : tokenResponseInvalid(`${message} (status ${response.status})`)
}
