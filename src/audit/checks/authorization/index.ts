import type { AuditCheck } from '../../check.js'
import { acrReported } from './acr-reported.js'
import { authTimeReported } from './auth-time-reported.js'
import { authorizationParameterTwice } from './authorization-parameter-twice.js'
import { challengeRequiredAtStart } from './challenge-required-at-start.js'
import { idTokenClaims } from './id-token-claims.js'
import { idTokenNonce } from './id-token-nonce.js'
import { idTokenSignature } from './id-token-signature.js'
import { implicitRefused } from './implicit-refused.js'
import { issInResponses } from './iss-in-responses.js'
import { logoutAsksFirst } from './logout-asks-first.js'
import { maxAgeEnforced } from './max-age-enforced.js'
import { passwordGrantRefused } from './password-grant-refused.js'
import { plainRefusedAtStart } from './plain-refused-at-start.js'
import { postLogoutRedirectUri } from './post-logout-redirect-uri.js'
import { promptLoginEnforced } from './prompt-login-enforced.js'
import { promptNoneWithoutSession } from './prompt-none-without-session.js'
import { stateReturned } from './state-returned.js'
import { userinfoTokenInQuery } from './userinfo-token-in-query.js'

/** Authorization requests and responses, sign-in and sign-out. Last is what makes people sign in again, then what signs out. */
export const authorizationChecks: readonly AuditCheck[] = [
  challengeRequiredAtStart,
  plainRefusedAtStart,
  authorizationParameterTwice,
  implicitRefused,
  passwordGrantRefused,
  stateReturned,
  issInResponses,
  idTokenNonce,
  idTokenSignature,
  idTokenClaims,
  userinfoTokenInQuery,
  promptNoneWithoutSession,
  acrReported,
  authTimeReported,
  maxAgeEnforced,
  promptLoginEnforced,
  postLogoutRedirectUri,
  logoutAsksFirst,
]
