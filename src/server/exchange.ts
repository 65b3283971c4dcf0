import { isProofkeyError, ProofkeyError } from '../errors.js'
import { pin } from '../protocol/authorize/transaction.js'
import type { CheckedMetadata } from '../protocol/discovery/metadata.js'
import { type CompleteOptions, completeAuthorization, type Grant } from '../protocol/token/complete.js'
import { EXCHANGE_HEADER, type ExchangeRequest } from '../protocol/token/exchange-at.js'
import { readBody } from './edge/body.js'

/** What this server demands of every sign-in, whatever a browser says it asked for. */
export type Demands = Pick<ExchangeRequest, 'acrValues' | 'requiredScope' | 'maxAgeSeconds'> & {
  readonly lifetimeSeconds?: number | undefined
}

/**
 * Redeems a code for somebody who kept the verifier. What the answer must hold is what was asked; the server it is asked
 * of is ours.
 */
export async function redeem(
  server: CheckedMetadata,
  clientId: string,
  asked: ExchangeRequest,
  options: CompleteOptions,
  demands: Demands,
): Promise<Grant> {
  checkForm(asked)
  const request = { ...asked, ...demanded(asked, demands) }
  const { code, redirectUri, startedAtMs } = request
  const state = 'exchange'
  const callback = new URL(redirectUri)
  callback.search = `${new URLSearchParams([...callback.searchParams, ['code', code], ['state', state], ['iss', server.issuer]])}`
  const transaction = {
    ...request,
    server: pin(server),
    clientId,
    state,
    startedAtMs,
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
  const origin = sent('origin')
  if (request.method !== 'POST' || sent(EXCHANGE_HEADER) !== 'exchange') throw refused('it is not from exchangeAt')
  if (origin !== null && origin !== new URL(redirectUri).origin) throw refused('it is from another origin')
  if (!['same-origin', null].includes(sent('sec-fetch-site'))) throw refused('it is from another origin')
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

/** Ours go first; of two ages the younger; and a start that lies ahead, or further back than a sign-in lasts, is none. */
function demanded(asked: ExchangeRequest, demands: Demands): Partial<ExchangeRequest> {
  const { acrValues = asked.acrValues, requiredScope = asked.requiredScope, lifetimeSeconds = 600 } = demands
  const ageMs = Date.now() - asked.startedAtMs
  if (ageMs < -300_000 || ageMs > lifetimeSeconds * 1000) throw refused('startedAtMs is wrong')
  const ages = [asked.maxAgeSeconds, demands.maxAgeSeconds].filter((age) => age !== undefined)
  return { acrValues, requiredScope, maxAgeSeconds: ages.length ? Math.min(...ages) : undefined }
}

function checkForm(request: unknown): void {
  const body = Object(request) as Record<string, unknown>
  const wrong = Object.entries(FORM).find(([name, right]) => !right(body[name]))
  if (wrong) throw refused(`${wrong[0]} is wrong`)
}

const text = (value: unknown) => value === undefined || typeof value === 'string'
const FORM: Record<keyof ExchangeRequest, (value: unknown) => boolean> = {
  code: (value) => typeof value === 'string' && value !== '',
  codeVerifier: (value) => typeof value === 'string' && /^[\w.~-]{43,128}$/.test(value),
  redirectUri: (value) => typeof value === 'string' && URL.canParse(value),
  nonce: text,
  scope: text,
  requiredScope: text,
  resource: text,
  maxAgeSeconds: (value) => value === undefined || Number.isFinite(value),
  acrValues: text,
  startedAtMs: (value) => Number.isFinite(value),
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

const refused = (why: string) =>
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
