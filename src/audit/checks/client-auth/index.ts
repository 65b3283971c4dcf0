import type { AuditCheck } from '../../check.js'

/** Client authentication: a secret does not replace PKCE, and PKCE does not replace a secret. */
export const clientAuthChecks: readonly AuditCheck[] = []
