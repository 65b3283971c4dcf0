import type { AuditCheck } from '../../check.js'
import { assertionAlgorithms } from './assertion-algorithms.js'
import { assertionAudience } from './assertion-audience.js'
import { assertionForAnotherServer } from './assertion-for-another-server.js'
import { assertionReplay } from './assertion-replay.js'
import { assertionSubject } from './assertion-subject.js'
import { clientAuthAndVerifier } from './client-auth-and-verifier.js'
import { expiredAssertion } from './expired-assertion.js'
import { grantNotGiven } from './grant-not-given.js'
import { longLivedAssertion } from './long-lived-assertion.js'
import { secretInQuery } from './secret-in-query.js'
import { unregisteredAuthMethod } from './unregistered-auth-method.js'

/** Client authentication of confidential clients (RFC 6749 §2.3, RFC 7523). */
export const clientAuthChecks: readonly AuditCheck[] = [
  clientAuthAndVerifier,
  unregisteredAuthMethod,
  secretInQuery,
  assertionAlgorithms,
  assertionForAnotherServer,
  assertionAudience,
  assertionSubject,
  expiredAssertion,
  longLivedAssertion,
  assertionReplay,
  grantNotGiven,
]
