/**
 * Every way a sign-in can fail, as a stable code. The README's table lists each with its meaning and its repair.
 */
export type ErrorCode =
  // configuration and surroundings
  | 'config_invalid'
  | 'insecure_context'
  | 'storage_unavailable'
  | 'storage_full'
  | 'storage_refused_key'
  | 'storage_outcome_unknown'
  // the authorization server's metadata
  | 'issuer_mismatch'
  | 'endpoint_refused'
  | 'pkce_unsupported'
  | 'client_auth_unsupported'
  // the network; `retryable` tells whether the sign-in is still open
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
  // the way to the server and back
  | 'cancelled'
  | 'popup_blocked'
  | 'popup_already_open'
  | 'frame_blocked'
  | 'embedded_webview'
  | 'registration_refused'
  // the server's side
  | 'start_refused'
  | 'exchange_refused'
  | 'logout_token_invalid'
  // the token endpoint
  | 'token_request_refused'
  | 'token_response_invalid'
  | 'id_token_invalid'
  | 'acr_not_met'
  | 'scope_missing'
  // APIs, called with the session's tokens
  | 'insufficient_scope'
  | 'step_up_required'
  | 'step_up_failed'

/**
 * What the authorization server answered (RFC 6749 §4.1.2.1, §5.2). Untrusted text: never put it into HTML. Cut to 200
 * characters, without control and direction characters. A part that repeats a secret of the request, whole or in pieces,
 * plain or encoded, reads `(withheld)`; see {@link revealServerError}.
 */
export interface ServerError {
  /** `error`, for example `access_denied` or `invalid_grant`. */
  readonly error: string
  /** `error_description`, if the server sent one. */
  readonly description?: string | undefined
}

/** What an API requires of the next sign-in; pass it to `signIn()`, which takes the same names. */
export interface SignInRequirements {
  readonly scope?: string | undefined
  readonly acrValues?: string | undefined
  readonly maxAgeSeconds?: number | undefined
}

/** The claims of an ID token that are checked, as `details` of `id_token_invalid` and `acr_not_met` name them. */
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

/** What a {@link ProofkeyError} can carry besides its code, message and hint. */
export interface ErrorDetails {
  readonly requirements?: SignInRequirements | undefined
  readonly cause?: unknown | undefined
  readonly serverError?: ServerError | undefined
  readonly retryable?: boolean | undefined
  /** The claim that failed its check. */
  readonly claim?: CheckedClaim | undefined
}

/**
 * The one error class. `message` says what happened, `hint` says the repair, `code` is stable and meant for `switch`.
 * Neither it nor its `cause` ever holds a code, verifier, token, secret, state or nonce.
 */
export class ProofkeyError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ProofkeyError'
  declare readonly code: Code
  /** What to do about it. */
  declare readonly hint: string
  /** What the authorization server answered, where it answered with an OAuth error. */
  declare readonly serverError: ServerError | undefined
  /** On a server: what the response must carry all the same (`Set-Cookie`). Not enumerable. */
  declare readonly headers?: Headers
  /** Where an API requires more of the sign-in: what to pass to `signIn()`. */
  declare readonly requirements?: SignInRequirements
  /** `signIn()` with these requirements, ready to be called in a click; its options override them. Not enumerable. */
  declare readonly signIn?: (options?: object) => Promise<unknown>
  /** True where nothing was spent, for no answer came: the same call may be made again and can still succeed. */
  declare readonly retryable: boolean
  /** Where a check of the ID token failed: which claim failed it. */
  declare readonly claim?: CheckedClaim

  constructor(code: Code, message: string, hint = 'Start a new sign-in.', details: ErrorDetails = {}) {
    // Consoles of Node and Chromium print the stack, which keeps this first text: the repair shows there too.
    super(`${message} ${hint}`, details)
    this.message = message
    this.code = code
    this.hint = hint
    this.serverError = details.serverError
    this.retryable = details.retryable ?? false
    if (details.requirements) this.requirements = details.requirements
    if (details.claim) this.claim = details.claim
  }
}

/** Tells a {@link ProofkeyError} from anything else, also across two copies of the package. */
export function isProofkeyError(error: unknown): error is ProofkeyError {
  return error instanceof Error && error.name === 'ProofkeyError' && 'code' in error
}

/** What an event says of an error: the code of a {@link ProofkeyError}, or `unexpected` for anything else. */
export const codeOf = (error: unknown): string => (isProofkeyError(error) ? error.code : 'unexpected')

/** The same error with other details: one error may reach many callers, and an object that was thrown is not changed. */
export function errorWith(error: ProofkeyError, changes: ErrorDetails): ProofkeyError {
  const { code, message, hint, cause, serverError, retryable, requirements, claim } = error
  const copy = new ProofkeyError(code, message, hint, {
    cause,
    serverError,
    retryable,
    requirements,
    claim,
    ...changes,
  })
  const revealed = unredacted.get(error)
  if (revealed) unredacted.set(copy, revealed)
  return copy
}

/** The caller's own `signal` ended it; nothing is spent. */
export const aborted = (reason: unknown): ProofkeyError<'aborted'> =>
  new ProofkeyError('aborted', 'The sign-in was aborted.', 'Try again.', { cause: reason, retryable: true })

/** A store did not confirm a write that counts once: it may have been done, or may still be done. Not `retryable`. */
export const outcomeUnknown = (cause: unknown): ProofkeyError<'storage_outcome_unknown'> =>
  new ProofkeyError('storage_outcome_unknown', 'The storage did not say whether it was done.', undefined, { cause })

/** An OAuth error as a server sent it (RFC 6749 §5.2): to be compared, not to be shown. */
export interface OAuthErrorBody {
  readonly error: string
  readonly error_description?: unknown
}

/** The OAuth error in a parsed JSON body, whatever the status; undefined where it holds none. */
export function oauthErrorOf(body: unknown): OAuthErrorBody | undefined {
  return typeof Object(body).error === 'string' ? (body as OAuthErrorBody) : undefined
}

/** An OAuth error as a {@link ProofkeyError}, with the server's text made safe to show. */
export function oauthRefusal(
  code: ErrorCode,
  message: string,
  { error, error_description }: OAuthErrorBody,
  secrets: Secrets,
  hint = 'See serverError; start a new sign-in.',
): ProofkeyError {
  const described = typeof error_description === 'string'
  const serverError = {
    error: redact(error, secrets),
    ...(described && { description: redact(error_description, secrets) }),
  }
  const refusal = new ProofkeyError(code, `${message}: ${serverError.error}.`, hint, { serverError })
  unredacted.set(refusal, { error, ...(described && { description: error_description }) })
  return refusal
}

/** The server's own text; what logs, JSON and consoles never see. */
const unredacted = new WeakMap<ProofkeyError, ServerError>()

/**
 * What the server really answered, where {@link ProofkeyError.serverError} is cut or withheld. It can hold any secret of
 * the request, whole and in every encoding: for a developer's eyes, never for a log.
 * @returns undefined where the server sent no OAuth error, or where the error is a copy that came over a network
 */
export const revealServerError = (error: unknown): ServerError | undefined => unredacted.get(error as ProofkeyError)

/** What must not come back in a server's text. */
export type Secrets = readonly (string | null | undefined)[]

/** Of a secret, as many characters in a row give it away. */
const PART_LENGTH = 8
const MAX_TEXT_LENGTH = 200

/**
 * A server's text, fit to be shown: without control, format (bidirectional) and line characters, cut to 200 characters;
 * `(withheld)` where it repeats a secret.
 */
export function redact(text: string, secrets: Secrets = []): string {
  const shown = text
    .slice(0, 20 * MAX_TEXT_LENGTH)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, MAX_TEXT_LENGTH)
  return repeatsSecret(shown, secrets) ? '(withheld)' : shown
}

/**
 * Whether a text repeats a secret or eight characters of one in a row; also with other characters strewn in, in other
 * case, percent-encoded, as HTML entities, with JSON escapes, in hex or base64, or in several of these at once. Takes time
 * in proportion to the length of both.
 */
export function repeatsSecret(text: string, secrets: Secrets): boolean {
  const found = withLetters(readingsOf(text))
  const parts = new Set(found.flatMap(partsOf))
  return secrets.some(
    (secret) =>
      secret &&
      // A secret may itself look encoded.
      withLetters(plainReadings(secret)).some((form) =>
        form.length < PART_LENGTH
          ? form && found.some((reading) => reading.includes(form))
          : partsOf(form).some((part) => parts.has(part)),
      ),
  )
}

/** These texts, and the letters and digits of each. */
const withLetters = (texts: string[]): string[] => [...texts, ...texts.map(lettersOf)]

/** Letters and digits only, in lower case and without accents. */
const lettersOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()

const partsOf = (text: string): string[] =>
  Array.from({ length: Math.max(0, text.length - PART_LENGTH + 1) }, (_, at) => text.slice(at, at + PART_LENGTH))

/** All that a text can be read as: also what it holds in hex or base64. */
function readingsOf(text: string): string[] {
  const plain = plainReadings(text)
  const binary = plain.flatMap((reading) => [...fromBase64(reading), reading.replace(/[\da-f]{2}/gi, '%$&')])
  return [...plain, ...binary, ...binary.map(decoded)]
}

/** The text as it stands, and decoded once, twice, … until nothing is encoded; spaces that are strewn in hide no escape. */
function plainReadings(text: string): string[] {
  const readings = new Set([text, text.replace(/\s+/g, '')])
  // Those that are added are visited too.
  for (const reading of readings) if (readings.size < 8) readings.add(decoded(reading))
  return [...readings]
}

/** Without percent-encoding, HTML entities and JSON escapes. */
const decoded = (text: string): string =>
  text
    .replace(/(?:%[\da-f]{2})+/gi, (bytes) => {
      try {
        return decodeURIComponent(bytes)
      } catch {
        return bytes.replace(/%(..)/g, (_, byte) => character(byte, 16))
      }
    })
    .replace(/\\u\{?([\da-f]{1,6})\}?|\\x([\da-f]{2})|&#x([\da-f]{1,6});?/gi, (_, u, x, hex) =>
      character(u ?? x ?? hex, 16),
    )
    .replace(/&#(\d{1,7});?/g, (_, decimal) => character(decimal, 10))
    // Of a named one, only the letter counts: `&uuml;` is `u`, `&lt;` is no letter.
    .replace(/&(\w)(?:uml|acute|grave|circ|tilde|ring|cedil|slash|caron);|&(?!amp;)\w{2,8};/g, '$1')
    .replaceAll('&amp;', '&')

const character = (code: string, radix: number) => String.fromCharCode(Number.parseInt(code, radix))

/** All that stands in base64 or base64url in a text, wherever it begins; the rest becomes noise. */
function fromBase64(text: string): string[] {
  const digits = text
    .replace(/[^\w+/-]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  return [0, 1, 2, 3].map((start) =>
    new TextDecoder().decode(Uint8Array.from(atob(whole(digits.slice(start))), (byte) => byte.charCodeAt(0))),
  )
}

/** Without a last digit that gives no byte. */
const whole = (digits: string) => (digits.length % 4 === 1 ? digits.slice(0, -1) : digits)
