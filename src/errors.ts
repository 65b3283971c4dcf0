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

/** What the authorization server said, cut to printable characters and stripped of the sign-in's own secrets. Untrusted text: never put it into HTML. */
export interface ServerError {
  /** `error` of RFC 6749 §4.1.2.1 or §5.2, for example `access_denied` or `invalid_grant`. */
  readonly error: string
  /** `error_description`, if the server sent one. */
  readonly description?: string | undefined
}

/** What the next `signIn()` is to ask for, under its names. */
export interface SignInRequirements {
  readonly scope?: string | undefined
  readonly acrValues?: string | undefined
  readonly maxAgeSeconds?: number | undefined
}

/** What an error may know besides. */
export interface ErrorDetails {
  readonly requirements?: SignInRequirements | undefined
  readonly cause?: unknown | undefined
  readonly serverError?: ServerError | undefined
  readonly retryable?: boolean | undefined
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
  /** Where an API wants more of the sign-in: what to pass to `signIn()`. */
  declare readonly requirements?: SignInRequirements
  /** `signIn()` with these requirements, ready to be called in a click; further options go before them. Not enumerable. */
  declare readonly signIn?: (options?: object) => Promise<unknown>
  /** True where nothing was spent, for no answer came: the same call may be made again and can still succeed. */
  declare readonly retryable: boolean

  constructor(code: Code, message: string, hint = 'Start a new sign-in.', details: ErrorDetails = {}) {
    super(message, details)
    this.code = code
    this.hint = hint
    this.serverError = details.serverError
    this.retryable = details.retryable ?? false
    if (details.requirements) this.requirements = details.requirements
  }
}

/** Tells a {@link ProofkeyError} from anything else, also across two copies of the package. */
export function isProofkeyError(error: unknown): error is ProofkeyError {
  return error instanceof Error && error.name === 'ProofkeyError' && 'code' in error
}

/** What a caller's own `signal` ended; nothing is spent. */
export const aborted = (reason: unknown): ProofkeyError<'aborted'> =>
  new ProofkeyError('aborted', 'The sign-in was aborted.', 'Try again.', { cause: reason, retryable: true })
