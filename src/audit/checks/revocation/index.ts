import type { AuditCheck } from '../../check.js'
import { revocationAuthentication } from './revocation-authentication.js'
import { revocationByAnotherClient } from './revocation-by-another-client.js'
import { revocationEndsTokens } from './revocation-ends-tokens.js'

/** Token revocation (RFC 7009). */
export const revocationChecks: readonly AuditCheck[] = [
  revocationAuthentication,
  revocationByAnotherClient,
  revocationEndsTokens,
]
