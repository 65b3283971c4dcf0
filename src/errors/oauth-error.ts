import type { ErrorCode } from './error-code.js'
import { type ErrorDetails, isProofkeyError, ProofkeyError, type ServerError } from './proofkey-error.js'
import { redact, type Secrets } from './redact.js'

/** A copy of the error with other details. Several callers can receive one error, so a thrown object is not changed. */
export function errorWith(error: ProofkeyError, changes: ErrorDetails, hint = error.hint): ProofkeyError {
  const { code, message, cause, returnTo, appState } = error
  const copy = new ProofkeyError(code, message, hint, { cause, returnTo, appState, ...error, ...changes })
  unredacted.set(copy, unredacted.get(error))
  return copy
}

/** An OAuth error as the server sent it (RFC 6749 §5.2): for comparisons, not for display. */
export interface OAuthErrorBody {
  readonly error: string
  readonly error_description?: unknown
}

/** The OAuth error in a parsed JSON body, at any status; undefined if it contains none. */
export function oauthErrorOf(body: unknown): OAuthErrorBody | undefined {
  return typeof Object(body).error === 'string' ? (body as OAuthErrorBody) : undefined
}

/** An OAuth error as a {@link ProofkeyError}; the server's text is redacted. */
export function oauthRefusal(
  code: ErrorCode,
  { error, error_description, ...other }: OAuthErrorBody,
  secrets: Secrets,
  hint = hintFor(code),
): ProofkeyError {
  const described = typeof error_description === 'string' ? error_description : undefined
  const description = described && redact(described, secrets)
  const serverError = { error: redact(error, secrets), description }
  const refusal = new ProofkeyError(code, `The server returned the error: ${serverError.error}.`, hint, { serverError })
  unredacted.set(refusal, { error, description: described, other })
  return refusal
}

const hintFor = (code: ErrorCode) =>
  code === 'access_denied'
    ? 'The user or the server denied it: offer to sign in again.'
    : code.endsWith('_required')
      ? 'Sign in without prompt=none.'
      : 'See serverError; start a new sign-in.'

/** The server's unchanged text. Logs, JSON and consoles do not show it. */
const unredacted = new WeakMap<ProofkeyError, ServerError | undefined>()

const FOREIGN = '(known to another copy of proofkey: use its revealServerError, or load one copy)'

/**
 * The unchanged OAuth error response, if {@link ProofkeyError.serverError} was cut or withheld. It can contain any secret
 * of the request in any encoding: for debugging only, do not log it.
 * @returns undefined if the server sent no OAuth error, or if the error is a copy that was received from a backend; of an
 * error of another copy of the package what `serverError` shows, with a `description` that says so
 * @example
 * ```ts
 * import { revealServerError } from 'proofkey'
 *
 * // While debugging, on a console that only you read:
 * const inspect = (error: unknown) => console.debug(revealServerError(error)?.description)
 * ```
 */
export function revealServerError(error: unknown): ServerError | undefined {
  if (error instanceof ProofkeyError || !isProofkeyError(error)) return unredacted.get(error as ProofkeyError)
  return error.serverError && { ...error.serverError, description: FOREIGN }
}
