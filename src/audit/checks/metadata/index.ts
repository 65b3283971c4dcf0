import type { AuditCheck } from '../../check.js'
import { pkceMethodsListed } from './pkce-methods-listed.js'

/** What the server says about itself; nothing is sent but requests for its documents. */
export const metadataChecks: readonly AuditCheck[] = [pkceMethodsListed]
