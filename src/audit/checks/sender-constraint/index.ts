import type { AuditCheck } from '../../check.js'
import { dpopAccessTokenHash } from './dpop-access-token-hash.js'
import { dpopBoundToken } from './dpop-bound-token.js'
import { dpopCodeKey } from './dpop-code-key.js'
import { dpopProofReplay } from './dpop-proof-replay.js'
import { dpopProofTarget } from './dpop-proof-target.js'
import { dpopRefreshKey } from './dpop-refresh-key.js'

/** Tokens that are bound to a key (RFC 9449). Certificates (RFC 8705) are not tried. */
export const senderConstraintChecks: readonly AuditCheck[] = [
  dpopBoundToken,
  dpopCodeKey,
  dpopRefreshKey,
  dpopProofTarget,
  dpopAccessTokenHash,
  dpopProofReplay,
]
