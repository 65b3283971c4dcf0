import { type ErrorCode, ProofkeyError, type ServerError } from '../../errors.js'
import { configInvalid } from '../authorize/begin.js'
import { callbackParameters, checkCallback } from '../authorize/callback.js'
import type { Transaction } from '../authorize/transaction.js'
import { parseUrl } from '../discovery/endpoint.js'
import type { IdTokenPolicy } from '../jose/id-token.js'
import { responseRefused, send } from '../request.js'
import type { CompleteOptions, Grant, IdTokenClaims, Tokens } from './complete.js'

/** What a backend gives the browser of a sign-in: tokens and claims, claims only (with a session cookie), or less. */
export interface ExchangedGrant {
  readonly tokens?: Tokens | undefined
  readonly claims?: IdTokenClaims | undefined
}

/** Stands in for the token request: redeems the code in its own way. */
export interface Exchange {
  (transaction: Transaction, callback: string, options: CompleteOptions): Promise<Grant | ExchangedGrant>
  /** Called before the person leaves: throws where the exchange could not work later. */
  prepare?(redirectUri: string): void
}

/**
 * What the browser sends to its backend: the code and the verifier. What it demands of the answer besides can make the
 * backend's own demands stricter, and nothing else.
 */
export interface ExchangeRequest
  extends Pick<Transaction, 'codeVerifier' | 'redirectUri' | 'requiredScope' | 'resource'> {
  readonly code: string
  readonly idToken?: Pick<IdTokenPolicy, 'nonce' | 'acrValues' | 'maxAgeSeconds'> | undefined
}

/** The header that makes the request one that no other origin can send without being asked first (CORS preflight). */
export const EXCHANGE_HEADER = 'x-proofkey'

/**
 * Leaves the confidential half of the exchange to the app's own backend: the callback is checked here, then code and
 * verifier go to a path of this origin, where `handleExchange` of `proofkey/server` adds the client's authentication.
 * @param path for example `/auth/exchange`. It is resolved against the page's origin, never against `<base>`; where there
 * is no page, against the origin of `redirectUri`
 * @throws by `signIn` and `handleCallback`: `config_invalid`, where the path leads to another origin; at the callback
 * what `completeAuthorization` throws, and what the backend refuses with
 */
export function exchangeAt(path: string): Exchange {
  const exchange: Exchange = async (transaction, callback, options) => {
    const endpoint = ownUrl(path, transaction.redirectUri)
    const landed = new URL(callback)
    const code = checkCallback(transaction, landed, callbackParameters(landed))
    const { codeVerifier, redirectUri, requiredScope, resource, idToken } = transaction
    const { nonce, acrValues, maxAgeSeconds } = idToken
    const request: ExchangeRequest = {
      code,
      codeVerifier,
      redirectUri,
      requiredScope,
      resource,
      idToken: { nonce, acrValues, maxAgeSeconds },
    }
    const headers = { accept: 'application/json', 'content-type': 'application/json', [EXCHANGE_HEADER]: 'exchange' }
    const { fetch = globalThis.fetch } = options
    const response = await send(
      endpoint,
      { method: 'POST', body: JSON.stringify(request), headers },
      { ...options, fetch: (input, init) => fetch(input, { ...init, credentials: 'same-origin' }) },
    )
    const answer = await response.json().catch(() => {
      throw responseRefused(endpoint, 'is not JSON')
    })
    if (response.status === 200) return answer
    throw exchangeError(endpoint, answer)
  }
  return Object.assign(exchange, { prepare: (redirectUri: string) => void ownUrl(path, redirectUri) })
}

/**
 * Left to itself, `fetch` resolves a path against `<base>`, which injected markup can set (HTML §4.2.3).
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

/** The backend's refusal, as `handleExchange` writes it. */
function exchangeError(url: string, answer: unknown): ProofkeyError {
  const { code, message, hint, serverError, retryable } = Object(answer) as Record<string, unknown>
  if (typeof code !== 'string' || typeof message !== 'string') return responseRefused(url, 'refused the exchange')
  return new ProofkeyError(code as ErrorCode, message, `${hint}`, {
    serverError: serverError as ServerError | undefined,
    retryable: retryable === true,
  })
}
