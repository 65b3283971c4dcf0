import type { AuditCheck } from '../../check.js'

/** Pushed authorization requests (RFC 9126). */
export const parChecks: readonly AuditCheck[] = []
