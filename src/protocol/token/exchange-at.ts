import { type ErrorCode, ProofkeyError, type ServerError } from '../../errors.js'
import { configInvalid } from '../authorize/begin.js'
import { callbackParameters, checkCallback } from '../authorize/callback.js'
import type { Transaction } from '../authorize/transaction.js'
import { parseUrl } from '../discovery/endpoint.js'
import type { IdTokenPolicy } from '../jose/id-token.js'
import type { IdTokenClaims } from '../jose/standard-claims.js'
import { responseRefused, send } from '../request.js'
import type { CompleteOptions, Grant, Tokens } from './complete.js'

/** The response of the backend: tokens and claims, claims only (with a session cookie), or less. */
export interface ExchangedGrant {
  readonly tokens?: Tokens | undefined
  readonly claims?: IdTokenClaims | undefined
}

/** Replaces the token request of {@link completeAuthorization}. */
export interface Exchange {
  (transaction: Transaction, callback: string, options: CompleteOptions): Promise<Grant | ExchangedGrant>
  /** Called before the redirect; throws if the exchange cannot work. */
  prepare?(redirectUri: string): void
}

/**
 * The request of the browser to its backend: code and verifier. Its other fields can only make the checks of the backend
 * stricter.
 */
export interface ExchangeRequest
  extends Pick<Transaction, 'codeVerifier' | 'redirectUri' | 'requiredScope' | 'resource' | 'authorizationDetails'> {
  readonly code: string
  readonly idToken?: Pick<IdTokenPolicy, 'nonce' | 'acrValues' | 'maxAgeSeconds'> | undefined
}

/** This header forces a CORS preflight for requests from other origins. */
export const EXCHANGE_HEADER = 'x-proofkey'

/**
 * Lets the app's backend send the token request: the client checks the callback and posts code and verifier to a path of
 * this origin, where `handleExchange` of `proofkey/server` adds the client authentication.
 * @param path for example `/auth/exchange`. It is resolved against the page's origin, never against `<base>`; without a
 * page, against the origin of `redirectUri`
 * @throws by `signIn` and `handleCallback`: `config_invalid`, if the path leads to another origin; at the callback what
 * `completeAuthorization` throws, and the error that the backend returns
 * @example
 * ```ts
 * import { createClient, exchangeAt } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   exchange: exchangeAt('/auth/exchange'),
 * })
 * ```
 */
export function exchangeAt(path: string): Exchange {
  const exchange: Exchange = async (transaction, callback, options) => {
    const endpoint = ownUrl(path, transaction.redirectUri)
    const callbackUrl = new URL(callback)
    const code = checkCallback(transaction, callbackUrl, callbackParameters(callbackUrl))
    const { codeVerifier, redirectUri, requiredScope, resource, authorizationDetails, idToken } = transaction
    const { nonce, acrValues, maxAgeSeconds } = idToken
    const request: ExchangeRequest = {
      code,
      codeVerifier,
      redirectUri,
      requiredScope,
      resource,
      authorizationDetails,
      idToken: { nonce, acrValues, maxAgeSeconds },
    }
    const headers = { accept: 'application/json', 'content-type': 'application/json', [EXCHANGE_HEADER]: 'exchange' }
    const { fetch = globalThis.fetch } = options
    const response = await send(
      endpoint,
      { method: 'POST', body: JSON.stringify(request), headers },
      { ...options, fetch: (input, init) => fetch(input, { ...init, credentials: 'same-origin' }) },
    )
    const body = await response.json().catch(() => {
      throw responseRefused(endpoint, 'returned no JSON', CHECK_BACKEND)
    })
    if (response.status === 200) return body
    throw exchangeError(endpoint, body)
  }
  return Object.assign(exchange, { prepare: (redirectUri: string) => void ownUrl(path, redirectUri) })
}

/**
 * By itself, `fetch` would resolve a path against `<base>`, which injected markup can set (HTML §4.2.3).
 * @throws `config_invalid`
 */
function ownUrl(path: string, redirectUri: string): string {
  const { origin } = globalThis.location ?? new URL(redirectUri)
  const url = parseUrl(path, origin)
  if (url?.href.startsWith(`${origin}/`)) return url.href
  throw configInvalid([
    `exchangeAt: ${url ? `${url.origin} is not` : 'the path does not belong to'} this origin, ${origin}`,
  ])
}

const CHECK_BACKEND = 'Call handleExchange() at this path.'

/** The error response of `handleExchange`. */
function exchangeError(url: string, body: unknown): ProofkeyError {
  const { code, message, hint, serverError, retryable } = Object(body) as Record<string, unknown>
  if (typeof code !== 'string' || typeof message !== 'string')
    return responseRefused(url, 'returned no error of handleExchange', CHECK_BACKEND)
  return new ProofkeyError(code as ErrorCode, message, `${hint}`, {
    serverError: serverError as ServerError | undefined,
    retryable: retryable === true,
  })
}
