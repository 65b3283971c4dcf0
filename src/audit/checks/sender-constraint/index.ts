import type { AuditCheck } from '../../check.js'

/** Tokens bound to a key: DPoP (RFC 9449) and mutual TLS (RFC 8705). */
export const senderConstraintChecks: readonly AuditCheck[] = []
