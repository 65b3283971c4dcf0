import type { AuditCheck } from '../../check.js'
import { redirectUriComparedAsString } from './redirect-uri-compared-as-string.js'
import { redirectUriFragment } from './redirect-uri-fragment.js'
import { redirectUriOtherHost } from './redirect-uri-other-host.js'
import { redirectUriPath } from './redirect-uri-path.js'
import { redirectUriPort } from './redirect-uri-port.js'
import { redirectUriQuery } from './redirect-uri-query.js'
import { redirectUriScheme } from './redirect-uri-scheme.js'
import { redirectUriSubdomain } from './redirect-uri-subdomain.js'
import { redirectUriTwice } from './redirect-uri-twice.js'
import { tokenRedirectUriLeftOut } from './token-redirect-uri-left-out.js'
import { tokenRedirectUriOther } from './token-redirect-uri-other.js'

/** Redirect URIs are compared exactly (RFC 9700 §2.1). */
export const redirectUriChecks: readonly AuditCheck[] = [
  redirectUriOtherHost,
  redirectUriSubdomain,
  redirectUriPath,
  redirectUriQuery,
  redirectUriFragment,
  redirectUriPort,
  redirectUriScheme,
  redirectUriComparedAsString,
  redirectUriTwice,
  tokenRedirectUriOther,
  tokenRedirectUriLeftOut,
]
