import type { AuditCheck } from '../../check.js'
import { parAuthentication } from './par-authentication.js'
import { parExpiry } from './par-expiry.js'
import { parOfAnotherClient } from './par-of-another-client.js'
import { parRequestUriInside } from './par-request-uri-inside.js'
import { parRequired } from './par-required.js'
import { parReuse } from './par-reuse.js'

/** Pushed authorization requests (RFC 9126). */
export const parChecks: readonly AuditCheck[] = [
  parRequired,
  parAuthentication,
  parOfAnotherClient,
  parRequestUriInside,
  parReuse,
  parExpiry,
]
