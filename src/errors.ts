/** What fails, and what is shown of it. */

export { aborted, outcomeUnknown } from './errors/common-errors.js'
export type { CheckedClaim, ErrorCode } from './errors/error-code.js'
export { errorWith, type OAuthErrorBody, oauthErrorOf, oauthRefusal, revealServerError } from './errors/oauth-error.js'
export {
  codeOf,
  ERROR_PAGES,
  type ErrorDetails,
  isProofkeyError,
  type KnownError,
  ProofkeyError,
  type ServerError,
  type SignInRequirements,
} from './errors/proofkey-error.js'
export { redact, type Secrets, secretFinder } from './errors/redact.js'
