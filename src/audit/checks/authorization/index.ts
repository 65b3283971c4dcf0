import type { AuditCheck } from '../../check.js'

/** Authorization requests and responses, sign-in and sign-out. */
export const authorizationChecks: readonly AuditCheck[] = []
