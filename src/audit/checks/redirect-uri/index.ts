import type { AuditCheck } from '../../check.js'

/** Redirect URIs are compared exactly (RFC 9700 §2.1). */
export const redirectUriChecks: readonly AuditCheck[] = []
