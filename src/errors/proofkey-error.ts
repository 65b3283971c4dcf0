import type { CheckedClaim, ErrorCode, UnauthorizedCode } from './error-code.js'

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
  /** `ProofkeyError [code]`: the code is in every text that is made of the error. To recognise one, use {@link isProofkeyError}. */
  declare readonly name: string
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
    const name = `ProofkeyError [${code}]`
    // Firefox prints the name and the message. Node and Chromium print the stack, whose first word was the built-in name.
    if (this.stack?.includes('\n    at '))
      this.stack = `${this.stack.replace(/^\w+/, name)}\n  ${hint} ${ERROR_PAGES}${code}`
    const { returnTo, appState, ...shown } = details
    Object.assign(this, { serverError: undefined }, shown, { name, code, hint, retryable: !!details.retryable })
    if (returnTo) Object.defineProperties(this, { returnTo: { value: returnTo }, appState: { value: appState } })
  }
}

/** The codes whose errors have members of their own. */
type CodeWith = {
  readonly requirements: 'step_up_required' | 'insufficient_scope'
  readonly serverError: 'access_denied' | 'authorization_failed' | 'registration_refused'
  readonly claim: 'id_token_invalid' | 'acr_not_met' | 'token_refused'
  readonly toResponse: CodeWith['requirements'] | UnauthorizedCode
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
  return error instanceof Error && /^ProofkeyError\b/.test(error.name) && 'code' in error
}

/** The code for events: that of a {@link ProofkeyError}, or `unexpected` for any other error. */
export const codeOf = (error: unknown): string => (isProofkeyError(error) ? error.code : 'unexpected')
