import type { AuditCheck } from '../../check.js'

/** Token revocation (RFC 7009). */
export const revocationChecks: readonly AuditCheck[] = []
