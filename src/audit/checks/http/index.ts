import type { AuditCheck } from '../../check.js'
import { corsAuthorizationEndpoint } from './cors-authorization-endpoint.js'
import { corsCredentials } from './cors-credentials.js'
import { corsMetadata } from './cors-metadata.js'
import { corsTokenEndpoint } from './cors-token-endpoint.js'
import { signInPageFraming } from './sign-in-page-framing.js'
import { signInPageReferrerPolicy } from './sign-in-page-referrer-policy.js'
import { strictTransportSecurity } from './strict-transport-security.js'
import { tlsVersions } from './tls-versions.js'
import { tokenErrorNoStore } from './token-error-no-store.js'
import { tokenResponseNoStore } from './token-response-no-store.js'

/** Headers, TLS and CORS of the server's endpoints. */
export const httpChecks: readonly AuditCheck[] = [
  tlsVersions,
  strictTransportSecurity,
  corsMetadata,
  corsTokenEndpoint,
  corsAuthorizationEndpoint,
  corsCredentials,
  signInPageFraming,
  signInPageReferrerPolicy,
  tokenErrorNoStore,
  tokenResponseNoStore,
]
