import type { AuditCheck } from '../../check.js'

/** Headers, TLS and CORS of the server's endpoints. */
export const httpChecks: readonly AuditCheck[] = []
