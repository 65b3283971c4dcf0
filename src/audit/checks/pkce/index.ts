import type { AuditCheck } from '../../check.js'
import { challengeWithoutMethod } from './challenge-without-method.js'
import { guessableVerifier } from './guessable-verifier.js'
import { missingVerifier } from './missing-verifier.js'
import { pkceDowngrade } from './pkce-downgrade.js'
import { pkceRequired } from './pkce-required.js'
import { plainChallenge } from './plain-challenge.js'
import { verifierLength } from './verifier-length.js'
import { wrongVerifier } from './wrong-verifier.js'

/** Proof Key for Code Exchange (RFC 7636). */
export const pkceChecks: readonly AuditCheck[] = [
  pkceRequired,
  missingVerifier,
  wrongVerifier,
  pkceDowngrade,
  plainChallenge,
  challengeWithoutMethod,
  verifierLength,
  guessableVerifier,
]
