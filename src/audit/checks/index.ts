import type { AuditCheck } from '../check.js'
import { authorizationChecks } from './authorization/index.js'
import { clientAuthChecks } from './client-auth/index.js'
import { codeChecks } from './code/index.js'
import { httpChecks } from './http/index.js'
import { metadataChecks } from './metadata/index.js'
import { parChecks } from './par/index.js'
import { pkceChecks } from './pkce/index.js'
import { redirectUriChecks } from './redirect-uri/index.js'
import { refreshTokenChecks } from './refresh-token/index.js'
import { revocationChecks } from './revocation/index.js'
import { senderConstraintChecks } from './sender-constraint/index.js'

/** All checks, in the order in which they run: first what needs no client, last what may end the server's session. */
export const checks: readonly AuditCheck[] = [
  ...metadataChecks,
  ...httpChecks,
  ...redirectUriChecks,
  ...pkceChecks,
  ...codeChecks,
  ...clientAuthChecks,
  ...parChecks,
  ...senderConstraintChecks,
  ...refreshTokenChecks,
  ...revocationChecks,
  ...authorizationChecks,
]
