import { randomToken } from '../crypto/random.js'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { pin, type Transaction } from '../protocol/authorize/transaction.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { CheckedMetadata } from '../protocol/discovery/metadata.js'
import { type IdTokenOptions, idTokenPolicy, joinPolicies } from '../protocol/jose/id-token.js'
import { type CompleteOptions, completeAuthorization, type Grant } from '../protocol/token/complete.js'
import { EXCHANGE_HEADER, type ExchangeRequest } from '../protocol/token/exchange-at.js'
import { isBadRequest } from './edge/bad-request.js'
import { readBody } from './edge/body.js'
import { isFromOrigin } from './edge/start-guard.js'

/** What this server demands of every sign-in, whatever a browser says. */
export type ServerRequirements = IdTokenOptions & {
  readonly scope?: string | undefined
  readonly requiredScope?: string | undefined
  /** Where given, the only ones that a token is asked for (RFC 8707 §2.2); the first is the default. */
  readonly resource?: string | readonly string[] | undefined
  readonly additionalResources?: readonly string[] | undefined
}

/**
 * Redeems a code for a client that kept the verifier. Code and verifier are the client's; every demand is this server's, or
 * stricter than this server's. What was asked for in the authorization request is not known here: a response without
 * `scope` grants nothing that could be relied on (RFC 6749 §5.1).
 */
export async function redeem(
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
  if (known[0] && !known.includes(resource ?? '')) throw exchangeRefused('its resource is none of those of this server')
  const idToken = joinPolicies(idTokenPolicy(requirements), request.idToken ?? {})
  if (!idToken) throw exchangeRefused('its acrValues are none of those that this server accepts')
  // The callback was checked where the code landed; here it is only taken apart again.
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
    requiredScope: `${requirements.requiredScope ?? ''} ${request.requiredScope ?? ''}`,
    idToken,
    state,
    expiresAtMs: Date.now() + 60_000,
  }
  return completeAuthorization(transaction, callback, options)
}

/**
 * Reads what the browser's `exchangeAt` sent: same origin, custom header, JSON, bounded, of the expected form.
 * @throws `exchange_refused`, `callback_malformed`, `redirect_uri_mismatch`
 */
export async function readExchange(request: Request, redirectUri: string): Promise<ExchangeRequest> {
  const sent = (name: string) => request.headers.get(name)
  if (request.method !== 'POST' || sent(EXCHANGE_HEADER) !== 'exchange')
    throw exchangeRefused('it is not from exchangeAt')
  if (isBadRequest(request)) throw exchangeRefused('it has no valid Host')
  // `none` is a navigation, which sends no header of ours.
  if (sent('sec-fetch-site') === 'none' || !isFromOrigin(request, new URL(redirectUri).origin))
    throw exchangeRefused('it is from another origin')
  const body = parse(await readBody(request, 'application/json'))
  if (body['redirectUri'] !== redirectUri) {
    throw new ProofkeyError(
      'redirect_uri_mismatch',
      'The exchange names another redirect URI.',
      'Configure the same redirectUri in the browser and on the server.',
    )
  }
  checkForm(body)
  return Object.fromEntries(Object.keys(FORM).map((name) => [name, body[name]])) as unknown as ExchangeRequest
}

function checkForm(request: unknown): void {
  const body = Object(request) as Record<string, unknown>
  const failed = Object.entries(FORM).find(([name, check]) => !check(body[name]))
  if (failed) throw exchangeRefused(`${failed[0]} is wrong`)
}

const text = (value: unknown) => value === undefined || typeof value === 'string'
const FORM: Record<keyof ExchangeRequest, (value: unknown) => boolean> = {
  code: (value) => typeof value === 'string' && value !== '',
  codeVerifier: (value) => typeof value === 'string' && /^[\w.~-]{43,128}$/.test(value),
  redirectUri: (value) => parseUrl(value) !== undefined,
  requiredScope: text,
  resource: text,
  idToken: (value = {}) => {
    const { nonce, acrValues, maxAgeSeconds = 0 } = Object(value)
    return [nonce, acrValues].every(text) && typeof maxAgeSeconds === 'number' && maxAgeSeconds >= 0
  },
}

/** A refusal in the form that `exchangeAt` understands. No secret is in it, for none is in a ProofkeyError. */
export function refusalResponse(error: unknown): Response {
  if (!isProofkeyError(error)) throw error
  const { code, message, hint, serverError, retryable } = error
  return Response.json(
    // Not the description: what a server says of a confidential client is not the browser's to read.
    { code, message, hint, serverError: serverError && { error: serverError.error }, retryable },
    { status: retryable ? 503 : 400, headers: { 'cache-control': 'no-store' } },
  )
}

const exchangeRefused = (why: string) =>
  new ProofkeyError(
    'exchange_refused',
    `The exchange was refused: ${why}.`,
    'Call it by exchangeAt, from a page of the same origin.',
  )

function parse(json: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(json))
  } catch {
    throw new ProofkeyError('callback_malformed', 'The body is no JSON.', 'Call it by exchangeAt.')
  }
}
