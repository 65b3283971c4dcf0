import type { AuditContext } from './context.js'
import type { IssuedCode } from './requests.js'

/** The honest token request for a code, not yet sent. */
export const redemption = (context: AuditContext, { code, request }: IssuedCode) =>
  context.authenticated(
    'token_endpoint',
    {
      grant_type: 'authorization_code',
      code,
      redirect_uri: request.redirectUri,
      code_verifier: request.verifier,
    },
    request.client,
  )
