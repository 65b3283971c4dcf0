import type { AuditCheck } from '../../check.js'

/** Refresh tokens. */
export const refreshTokenChecks: readonly AuditCheck[] = []
