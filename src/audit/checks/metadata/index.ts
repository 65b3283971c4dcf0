import type { AuditCheck } from '../../check.js'
import { clientAuthMethodsListed } from './client-auth-methods-listed.js'
import { forwardedHeadersIgnored } from './forwarded-headers-ignored.js'
import { grantTypesListed } from './grant-types-listed.js'
import { httpsEndpoints } from './https-endpoints.js'
import { issParameterListed } from './iss-parameter-listed.js'
import { issuerMatches } from './issuer-matches.js'
import { jwksPublicKeysOnly } from './jwks-public-keys-only.js'
import { jwksRsaKeySize } from './jwks-rsa-key-size.js'
import { metadataContentType } from './metadata-content-type.js'
import { metadataDocumentsAgree } from './metadata-documents-agree.js'
import { parOffered } from './par-offered.js'
import { pkceMethodsListed } from './pkce-methods-listed.js'
import { registrationEndpoint } from './registration-endpoint.js'
import { responseTypesListed } from './response-types-listed.js'
import { senderConstraintOffered } from './sender-constraint-offered.js'
import { signingAlgorithmsListed } from './signing-algorithms-listed.js'

/** What the server says about itself; nothing is sent but requests for its documents. */
export const metadataChecks: readonly AuditCheck[] = [
  metadataDocumentsAgree,
  issuerMatches,
  httpsEndpoints,
  metadataContentType,
  forwardedHeadersIgnored,
  pkceMethodsListed,
  issParameterListed,
  responseTypesListed,
  grantTypesListed,
  clientAuthMethodsListed,
  signingAlgorithmsListed,
  jwksPublicKeysOnly,
  jwksRsaKeySize,
  parOffered,
  senderConstraintOffered,
  registrationEndpoint,
]
