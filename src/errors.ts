/**
 * The error codes. They are stable. `docs/errors/` has a page for each: the usual causes, how to find out which, the repair.
 */
export type ErrorCode =
  // configuration and environment
  | 'config_invalid'
  | 'insecure_context'
  | 'storage_unavailable'
  | 'storage_full'
  | 'storage_refused_key'
  | 'storage_outcome_unknown'
  // the authorization server's metadata
  | 'issuer_mismatch'
  | 'resource_mismatch'
  | 'endpoint_refused'
  | 'pkce_unsupported'
  | 'client_auth_unsupported'
  | 'not_supported'
  // the network; `retryable` tells whether the same call can be repeated
  | 'network_error'
  | 'timeout'
  | 'aborted'
  | 'response_refused'
  // the callback
  | 'callback_malformed'
  | 'unknown_state'
  | 'expired'
  | 'already_completed'
  | 'other_client'
  | 'record_unreadable'
  | 'callback_issuer_mismatch'
  | 'redirect_uri_mismatch'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'account_selection_required'
  | 'authorization_failed'
  // user agents and registration
  | 'cancelled'
  | 'popup_blocked'
  | 'popup_already_open'
  | 'frame_blocked'
  | 'callback_not_relayed'
  | 'embedded_webview'
  | 'registration_refused'
  | 'client_unregistered'
  // server client
  | 'start_refused'
  | 'exchange_refused'
  | 'forward_refused'
  | 'logout_token_invalid'
  // the token endpoint
  | 'token_request_refused'
  | 'token_response_invalid'
  | 'id_token_invalid'
  | 'acr_not_met'
  | 'scope_missing'
  | 'authorization_details_mismatch'
  // APIs, called with the session's tokens
  | 'insufficient_scope'
  | 'step_up_required'
  | 'step_up_failed'
  // a resource server: why a request was not authorized
  | 'token_missing'
  | 'request_malformed'
  | 'token_refused'
  | 'dpop_proof_refused'
  | 'dpop_nonce_required'
  | 'validation_unavailable'

/**
 * The OAuth error response of the authorization server (RFC 6749 §4.1.2.1, §5.2). Untrusted: do not insert it as HTML.
 * At most 200 characters, without control and bidirectional characters. A field that contains a secret of the request, or
 * a part of one, in any encoding, is replaced by `(withheld)`; see {@link revealServerError}.
 */
export interface ServerError {
  /** `error`, for example `access_denied` or `invalid_grant`. */
  readonly error: string
  /** `error_description`, if the server sent one. */
  readonly description?: string | undefined
  /** The other members, as sent; only of {@link revealServerError}. */
  readonly other?: Readonly<Record<string, unknown>> | undefined
}

/** The parameters that an API requires. Pass them to `signIn()`. */
export interface SignInRequirements {
  readonly scope?: string | undefined
  readonly acrValues?: string | undefined
  readonly maxAgeSeconds?: number | undefined
}

/** The claims that are checked: `claim` of `id_token_invalid`, `acr_not_met` and `token_refused`. */
export type CheckedClaim =
  | 'iss'
  | 'sub'
  | 'aud'
  | 'azp'
  | 'exp'
  | 'nbf'
  | 'iat'
  | 'nonce'
  | 'auth_time'
  | 'acr'
  | 'at_hash'
  | 'client_id'
  | 'jti'
  | 'scope'
  | 'cnf'

/** Where each error code has a page: what happened, the usual causes, the repair. The code is appended. */
export const ERROR_PAGES = 'https://proofkey.github.io/e/'

/** The optional properties of a {@link ProofkeyError}. */
export interface ErrorDetails {
  readonly requirements?: SignInRequirements | undefined
  readonly cause?: unknown | undefined
  readonly serverError?: ServerError | undefined
  readonly retryable?: boolean | undefined
  /** The claim that failed its check. */
  readonly claim?: CheckedClaim | undefined
  readonly returnTo?: string | undefined
  readonly appState?: unknown | undefined
}

/**
 * The class of all errors. `message`: what happened; `hint`: how to fix it; `code`: stable, for `switch`.
 * The error and its `cause` never contain a code, verifier, token, secret, state or nonce.
 */
export class ProofkeyError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ProofkeyError'
  declare readonly code: Code
  /** How to fix it, or what to do next. */
  declare readonly hint: string
  /** The OAuth error response of the authorization server, if there was one. */
  declare readonly serverError: ServerError | undefined
  /** On a server: headers to add to the error response (`Set-Cookie`). Not enumerable. */
  declare readonly headers?: Headers
  /** If an API requires more of the sign-in: the parameters for `signIn()`. */
  declare readonly requirements?: SignInRequirements
  /** Calls `signIn()` with these requirements; its options override them. Call it in a click handler. Not enumerable. */
  declare readonly signIn?: (options?: object) => Promise<unknown>
  /** Of a resource server: creates the response that refuses the request, with its challenge. Not enumerable. */
  declare readonly toResponse?: () => Response
  /** True if no response was received, so the same call can be repeated and can still succeed. */
  declare readonly retryable: boolean
  /** The claim that failed its check (`id_token_invalid`, `acr_not_met`, `token_refused`). */
  declare readonly claim?: CheckedClaim
  /** If the callback of a sign-in failed: the path to go back to, as passed to `signIn()`. Not enumerable. */
  declare readonly returnTo?: string
  /** If the callback of a sign-in failed: as passed to `signIn()`. Not enumerable. */
  declare readonly appState?: unknown

  constructor(code: Code, message: string, hint = 'Start a new sign-in.', details: ErrorDetails = {}) {
    super(message, details)
    // Consoles of Node and Chromium print the message and the lines of the stack. Other engines have other lines.
    if (this.stack?.includes('\n    at ')) this.stack += `\n  ${code}: ${hint} ${ERROR_PAGES}${code}`
    const { returnTo, appState, ...shown } = details
    Object.assign(this, { serverError: undefined }, shown, { code, hint, retryable: !!details.retryable })
    if (returnTo) Object.defineProperties(this, { returnTo: { value: returnTo }, appState: { value: appState } })
  }
}

/** The codes whose errors have members of their own. */
type CodeWith = {
  readonly requirements: 'step_up_required' | 'insufficient_scope'
  readonly serverError: 'access_denied' | 'authorization_failed' | 'registration_refused'
  readonly claim: 'id_token_invalid' | 'acr_not_met' | 'token_refused'
  readonly toResponse:
    | CodeWith['requirements']
    | 'token_missing'
    | 'request_malformed'
    | 'token_refused'
    | 'dpop_proof_refused'
    | 'dpop_nonce_required'
    | 'validation_unavailable'
}

/** What narrows: a member that errors of this code always have, and those that they never have. */
type MembersOf<Code extends ErrorCode> = (Code extends CodeWith['requirements']
  ? { readonly requirements: SignInRequirements }
  : { readonly requirements?: undefined; readonly signIn?: undefined }) &
  (Code extends CodeWith['serverError'] ? { readonly serverError: ServerError } : unknown) &
  (Code extends CodeWith['claim'] ? unknown : { readonly claim?: undefined }) &
  (Code extends CodeWith['toResponse'] ? unknown : { readonly toResponse?: undefined })

/** A {@link ProofkeyError} whose `code` narrows its other members: `requirements`, `signIn`, `serverError`, `claim`, … */
export type KnownError = { [Code in ErrorCode]: ProofkeyError<Code> & MembersOf<Code> }[ErrorCode]

/**
 * Whether a value is a {@link ProofkeyError}, also one of another copy of the package. Its `code` then narrows it.
 * @example
 * ```ts
 * import { type Client, isProofkeyError } from 'proofkey'
 *
 * declare const auth: Client
 * await auth.signIn().catch((error: unknown) => {
 *   if (!isProofkeyError(error)) throw error
 *   if (error.code !== 'cancelled') console.warn(error.code, error.message, error.hint)
 * })
 * ```
 */
export function isProofkeyError(error: unknown): error is KnownError {
  return error instanceof Error && error.name === 'ProofkeyError' && 'code' in error
}

/** The code for events: that of a {@link ProofkeyError}, or `unexpected` for any other error. */
export const codeOf = (error: unknown): string => (isProofkeyError(error) ? error.code : 'unexpected')

/** A copy of the error with other details. Several callers can receive one error, so a thrown object is not changed. */
export function errorWith(error: ProofkeyError, changes: ErrorDetails, hint = error.hint): ProofkeyError {
  const { code, message, cause, returnTo, appState } = error
  const copy = new ProofkeyError(code, message, hint, { cause, returnTo, appState, ...error, ...changes })
  unredacted.set(copy, unredacted.get(error))
  return copy
}

/** The caller's `signal` ended the wait; no code or token was used. */
export const aborted = (reason: unknown): ProofkeyError<'aborted'> =>
  new ProofkeyError('aborted', 'The operation was aborted.', 'Try again.', {
    cause: reason,
    retryable: true,
  })

/** A store did not confirm a write that must happen once: it may have happened, or may still happen. Not `retryable`. */
export const outcomeUnknown = (cause: unknown): ProofkeyError<'storage_outcome_unknown'> =>
  new ProofkeyError('storage_outcome_unknown', 'The storage did not confirm the operation.', undefined, { cause })

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

/** The texts to withhold in a server's text. */
export type Secrets = readonly (string | null | undefined)[]

/** A text with this many consecutive characters of a secret is withheld. */
const PART_LENGTH = 8
const MAX_TEXT_LENGTH = 200

/**
 * A server's text for display: without control, format (bidirectional) and line characters, cut to 200 characters;
 * `(withheld)` if it contains a secret.
 */
export function redact(text: string, secrets: Secrets = []): string {
  const shown = text
    .slice(0, 20 * MAX_TEXT_LENGTH)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, MAX_TEXT_LENGTH)
    // Half a character cannot be sent or encoded.
    .replace(/\p{Cs}$/u, '')
  return secretFinder(secrets)(shown) ? '(withheld)' : shown
}

/**
 * Makes a test for texts that contain one of these secrets, or eight consecutive characters of one; also with other
 * characters in between, in other case, percent-encoded, as HTML entities, with escapes of JSON or C, in hex, in base64, as
 * numbers, or in several of these at once. Making it takes time in proportion to the secrets, each test in proportion to the
 * text.
 */
export function secretFinder(secrets: Secrets): (text: string) => boolean {
  // The secret itself may look encoded.
  const forms = secrets.flatMap((secret) => (secret ? withLetters(plainReadings(secret)) : []))
  const short = forms.filter((form) => form && form.length < PART_LENGTH)
  const parts = new Set(forms.flatMap(partsOf))
  return (text) =>
    withLetters(readingsOf(text)).some(
      (reading) => short.some((form) => reading.includes(form)) || partsOf(reading).some((part) => parts.has(part)),
    )
}

/** The texts, and their letters and digits alone, so that separators and case do not matter. */
const withLetters = (texts: string[]): string[] => [...texts, ...texts.map(lettersOf)]

/** Letters and digits only, in lower case and without accents. */
const lettersOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()

const partsOf = (text: string): string[] =>
  Array.from({ length: text.length - PART_LENGTH + 1 }, (_, at) => text.slice(at, at + PART_LENGTH))

/** The text in all decodings: also what it contains in hex, in base64 or as numbers. */
function readingsOf(text: string): string[] {
  const plain = plainReadings(text)
  const bytes = plain.flatMap(bytesIn)
  return [...plain, ...[...bytes, ...bytes.map(fromUtf8)].flatMap(withDecoded)]
}

/** The text with and without whitespace, unchanged and decoded. */
const plainReadings = (text: string): string[] => [...new Set([text, text.replace(/\s+/g, '')].flatMap(withDecoded))]

const withDecoded = (text: string): string[] => [text, decoded(text)]

/** Without percent-encoding, HTML entities and JSON escapes, even if they were applied several times. */
function decoded(text: string, rounds = 8): string {
  const once = text
    .replace(/(?:%[\da-f]{2})+/gi, (bytes) => fromUtf8(bytes.replace(/%(..)/g, (_, byte) => character(`0x${byte}`))))
    .replace(/\\u\{([\da-f]+)\}|[\\%]u([\da-f]{4})|\\x([\da-f]{2})/gi, (_, any, four, two) =>
      character(`0x${any ?? four ?? two}`),
    )
    .replace(/&amp;/g, '&')
    .replace(/&#(\d+|x[\da-f]+);?/gi, (_, number) => character(`0${number}`))
    // A named entity becomes its base letter (`&uuml;` is `u`), or nothing (`&lt;`).
    .replace(/&(\w)(?:uml|acute|grave|circ|tilde|ring|cedil|slash|caron);|&\w{2,8};/g, '$1')
  return once === text || !rounds ? once : decoded(once, rounds - 1)
}

/** @param code a number as JavaScript writes it: `97`, `0x61`, `0o141` */
const character = (code: string) => String.fromCharCode(Number(code))

/** What the text contains as bytes, each one a character: in base64 or base64url, in hex, as decimal or octal numbers. */
function bytesIn(text: string): string[] {
  const base64 = text
    .replace(/[^\w+/-]/g, '')
    .replace(/-/g, '+')
    .replace(/_/g, '/')
  const hex = text.replace(/0x|[^\da-f]/gi, '')
  return [
    // At each alignment. The appended zero bits complete the last group.
    ...[0, 1, 2, 3].map((start) => `${base64}AAA`.slice(start).replace(/.{4}/g, (group) => atob(group))),
    ...[0, 1].map((start) => hex.slice(start).replace(/../g, (byte) => character(`0x${byte}`))),
    ...['', '0o'].map((prefix) => text.replace(/\D*(\d*)/g, (_, number) => number && character(prefix + number))),
  ]
}

/** Bytes, each one a character, as UTF-8. */
const fromUtf8 = (bytes: string): string =>
  new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
