import type { AuditCheck } from '../../check.js'
import { refreshTokenOfAnotherClient } from './refresh-token-of-another-client.js'
import { refreshTokenRace } from './refresh-token-race.js'
import { refreshTokenReuse } from './refresh-token-reuse.js'
import { refreshTokenRotation } from './refresh-token-rotation.js'
import { refreshTokenScope } from './refresh-token-scope.js'

/** Refresh tokens (RFC 6749 §6, RFC 9700 §4.14). */
export const refreshTokenChecks: readonly AuditCheck[] = [
  refreshTokenRotation,
  refreshTokenReuse,
  refreshTokenRace,
  refreshTokenOfAnotherClient,
  refreshTokenScope,
]
