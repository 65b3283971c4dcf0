import { randomToken } from '../crypto/random.js'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { pin, type Transaction } from '../protocol/authorize/transaction.js'
import { isBadRequest } from '../protocol/bad-request.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { CheckedMetadata } from '../protocol/discovery/metadata.js'
import { type IdTokenOptions, idTokenPolicy, joinPolicies, type TrustedAudiences } from '../protocol/jose/id-token.js'
import { type CompleteOptions, completeAuthorization, type Grant } from '../protocol/token/complete.js'
import { EXCHANGE_HEADER, type ExchangeRequest } from '../protocol/token/exchange-at.js'
import { readBody } from './edge/body.js'
import { isFromOrigin } from './edge/start-guard.js'

/** The requirements of this server for every sign-in; a browser cannot weaken them. */
export type ServerRequirements = IdTokenOptions &
  TrustedAudiences & {
    readonly scope?: string | undefined
    readonly requiredScope?: string | undefined
    /** If set, the only resources that a token is requested for (RFC 8707 §2.2); the first is the default. */
    readonly resource?: string | readonly string[] | undefined
    readonly additionalResources?: readonly string[] | undefined
    readonly authorizationDetails?: Transaction['authorizationDetails']
  }

/**
 * Sends the token request for a browser client that has the verifier. Code and verifier come from the browser; all checks
 * come from this server's configuration, and the browser can only make them stricter. The requested scope is not known here:
 * a response without `scope` counts as no granted scope (RFC 6749 §5.1).
 */
export async function exchangeCode(
  server: CheckedMetadata,
  clientId: string,
  request: ExchangeRequest,
  options: CompleteOptions,
  requirements: ServerRequirements,
): Promise<Grant> {
  checkForm(request)
  const { code, codeVerifier, redirectUri } = request
  const known = [requirements.resource ?? [], requirements.additionalResources ?? []].flat(2)
  const resource = request.resource ?? [requirements.resource ?? []].flat()[0]
  if (known[0] && !known.includes(resource ?? ''))
    throw exchangeRefused('its resource is not one of this server', 'Use the same resource in browser and server.')
  const idToken = joinPolicies(idTokenPolicy(requirements), request.idToken ?? {})
  if (!idToken)
    throw exchangeRefused('its acrValues are not accepted by this server', 'Use acrValues of the server configuration.')
  const [own, theirs] = [requirements.authorizationDetails, request.authorizationDetails]
  const authorizationDetails = (own ?? theirs) && (options.rar ?? exchangeWithoutRar()).joined(own, theirs)
  // The browser has checked the callback; this one only carries the code to completeAuthorization().
  const state = randomToken()
  const callback = new URL(redirectUri)
  for (const [name, value] of Object.entries({ code, state, iss: server.issuer }))
    callback.searchParams.set(name, value)
  const transaction: Transaction = {
    server: pin(server),
    clientId,
    redirectUri,
    codeVerifier,
    resource,
    authorizationDetails,
    requiredScope: `${requirements.requiredScope ?? ''} ${request.requiredScope ?? ''}`,
    idToken,
    state,
    expiresAtMs: Date.now() + 60_000,
  }
  return completeAuthorization(transaction, callback, options)
}

/**
 * Reads the request of the browser's `exchangeAt`: same origin, custom header, limited JSON of the expected form.
 * @throws `exchange_refused`, `callback_malformed`, `redirect_uri_mismatch`
 */
export async function readExchange(request: Request, redirectUri: string): Promise<ExchangeRequest> {
  const sent = (name: string) => request.headers.get(name)
  if (request.method !== 'POST' || sent(EXCHANGE_HEADER) !== 'exchange')
    throw exchangeRefused(`the method is not POST, or the header ${EXCHANGE_HEADER} is missing`)
  if (isBadRequest(request)) throw exchangeRefused('it has no valid Host', 'Check the proxy in front of this server.')
  // `none` is a navigation, which cannot send our header.
  if (sent('sec-fetch-site') === 'none' || !isFromOrigin(request, new URL(redirectUri).origin))
    throw exchangeRefused('it is from another origin')
  const body = parse(await readBody(request, 'application/json'))
  if (body['redirectUri'] !== redirectUri) {
    throw new ProofkeyError(
      'redirect_uri_mismatch',
      'The redirect URI of the exchange is not the configured one.',
      'Configure the same redirectUri in the browser and on the server.',
    )
  }
  checkForm(body)
  return Object.fromEntries(Object.keys(FORM).map((name) => [name, body[name]])) as unknown as ExchangeRequest
}

function checkForm(request: unknown): void {
  const body = Object(request) as Record<string, unknown>
  const failed = Object.entries(FORM).find(([name, check]) => !check(body[name]))
  if (failed) throw exchangeRefused(`${failed[0]} is missing or has a wrong form`)
}

const text = (value: unknown) => value === undefined || typeof value === 'string'
const FORM: Record<keyof ExchangeRequest, (value: unknown) => boolean> = {
  code: (value) => typeof value === 'string' && value !== '',
  codeVerifier: (value) => typeof value === 'string' && /^[\w.~-]{43,128}$/.test(value),
  redirectUri: (value) => parseUrl(value) !== undefined,
  requiredScope: text,
  resource: text,
  authorizationDetails: (value = []) => Array.isArray(value),
  idToken: (value = {}) => {
    const { nonce, acrValues, maxAgeSeconds = 0 } = Object(value)
    return [nonce, acrValues].every(text) && typeof maxAgeSeconds === 'number' && maxAgeSeconds >= 0
  },
}

function exchangeWithoutRar(): never {
  throw exchangeRefused('it has authorizationDetails', 'Pass rar: richAuthorization() to this server too.')
}

/** The error response that `exchangeAt` reads. It contains no secret, because a ProofkeyError contains none. */
export function errorResponse(error: unknown): Response {
  if (!isProofkeyError(error)) throw error
  const { code, message, hint, serverError, retryable } = error
  return Response.json(
    // Without the description: it can reveal details of the confidential client to the browser.
    { code, message, hint, serverError: serverError && { error: serverError.error }, retryable },
    { status: retryable ? 503 : 400, headers: { 'cache-control': 'no-store' } },
  )
}

const exchangeRefused = (why: string, hint = 'Use exchangeAt() in a page of the same origin.') =>
  new ProofkeyError('exchange_refused', `The exchange was rejected: ${why}.`, hint)

function parse(json: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(json))
  } catch {
    throw new ProofkeyError('callback_malformed', 'The body is not JSON.', 'Use exchangeAt() in the browser.')
  }
}
