import { type ErrorCode, isProofkeyError, ProofkeyError } from '../../errors.js'
import { isBadRequest } from '../../protocol/bad-request.js'
import { isFromOrigin } from '../edge/start-guard.js'
import { browserLeft, type ForwardWatch } from './forward-body.js'

/** An error and the status of its response. */
export interface ForwardRefusal {
  readonly error: ProofkeyError
  readonly status: number | undefined
}

/**
 * Refuses what no page of this origin has sent by `fetch` (CSRF), and what cannot be forwarded. Other sites cannot send a
 * header of their own without a CORS preflight, and neither a form, a link nor a WebSocket can (RFC 10017 §6.1.3.3.3).
 * @param header the name of the header
 * @param origin the app's origin
 */
export function refuseForward(request: Request, header: string, origin: string): ForwardRefusal | undefined {
  const { method, headers } = request
  if (isBadRequest(request)) return refusal(400, 'it has no valid Host and method', 'Check the request.')
  if (/^(?:connect|trace|track)$/i.test(method)) return refusal(405, `its method is ${method}`, 'Use another method.')
  if (/\bwebsocket\b/i.test(headers.get('upgrade') ?? ''))
    return refusal(501, 'it opens a WebSocket', 'Use fetch or server-sent events, or connect to the API with a ticket.')
  if (!headers.get(header))
    return refusal(403, `the header ${header} is missing`, `Send ${header}: 1 with each request of your pages.`)
  // `none` is a navigation, which cannot send our header. Without Fetch Metadata, only GET and HEAD come without an Origin.
  const site = headers.get('sec-fetch-site')
  const isMarked = site !== null || headers.has('origin') || /^(?:GET|HEAD)$/.test(method)
  return isMarked && site !== 'none' && isFromOrigin(request, origin)
    ? undefined
    : refusal(403, 'it is from another origin', `Send it by fetch in a page of ${origin}.`)
}

export const refusal = (status: number, why: string, hint: string): ForwardRefusal => ({
  status,
  error: new ProofkeyError('forward_refused', `The request was not forwarded: ${why}.`, hint),
})

/** The status of the codes that do not say by `retryable` whether the request may be repeated. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  forward_refused: 400,
  login_required: 401,
  interaction_required: 401,
  step_up_required: 401,
  insufficient_scope: 403,
  step_up_failed: 403,
  network_error: 502,
  response_refused: 502,
  timeout: 504,
  // Nobody receives it.
  aborted: 499,
}

/** The response to an error: its code, message and hint as JSON. They contain no secret. */
export function refusalResponse({ error, status }: ForwardRefusal): Response {
  const { code, message, hint, serverError, retryable, requirements } = error
  // Without the description: it can reveal details of the confidential client.
  const body = {
    code,
    message,
    hint,
    serverError: serverError && { error: serverError.error },
    retryable,
    requirements,
  }
  const response = Response.json(body, {
    status: status ?? STATUS[code] ?? (retryable ? 503 : 500),
    headers: { 'cache-control': 'no-store' },
  })
  for (const [name, value] of error.headers ?? []) if (name === 'set-cookie') response.headers.append(name, value)
  return response
}

/** What ended a request, as an error; undefined if it is none of the errors that are expected. */
export function errorOf(cause: unknown, { origin }: URL, browser: AbortSignal, watch: ForwardWatch) {
  // `fetch` wraps the errors of the body that it sends.
  const known = [cause, Object(cause).cause].find(isProofkeyError)
  if (known) return known
  if (browser.aborted) return browserLeft()
  const { stalled, limits } = watch
  if (!stalled) return undefined
  if (stalled === 'upload')
    return new ProofkeyError(
      'timeout',
      `The browser has not sent the whole body within ${limits.uploadTimeoutSeconds} s.`,
      'Send less at once, or raise uploadTimeoutSeconds.',
    )
  const who = stalled === 'browser' ? 'The browser' : origin
  const hint = 'Send data or a comment more often, or raise idleTimeoutSeconds.'
  return new ProofkeyError('timeout', `${who} has sent nothing for ${limits.idleTimeoutSeconds} s.`, hint)
}

/** Only the code or name of the cause: its message could contain the request. */
export function networkError(cause: unknown, { origin }: URL): ProofkeyError {
  const { code, name } = Object(Object(cause).cause ?? cause)
  const details = { cause: typeof code === 'string' ? code : name }
  return new ProofkeyError('network_error', `${origin} did not respond.`, 'Check the API and the network.', details)
}
