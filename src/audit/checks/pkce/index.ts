import type { AuditCheck } from '../../check.js'
import { wrongVerifier } from './wrong-verifier.js'

/** Proof Key for Code Exchange (RFC 7636). */
export const pkceChecks: readonly AuditCheck[] = [wrongVerifier]
