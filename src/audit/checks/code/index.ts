import type { AuditCheck } from '../../check.js'

/** Authorization codes at the token endpoint. */
export const codeChecks: readonly AuditCheck[] = []
