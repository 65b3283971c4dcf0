import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, inconclusive, notApplicable, pass, warning } from '../../check.js'
import { rfc } from '../../sources.js'
import { isWebApp, originOf } from './origin.js'

export const corsTokenEndpoint: AuditCheck = {
  id: 'cors-token-endpoint',
  title: 'An app in a browser can use the token endpoint',
  severity: 'info',
  sources: [rfc(9700, '2.6')],
  sets: [],
  needs: { client: 'public' },
  sends: 'A token request with an invented code and the Origin of the app.',
  why: 'An app in a browser redeems its codes there. Where it cannot, such apps fall back to weaker ways of signing in, or to a server of their own.',
  repair:
    'Send Access-Control-Allow-Origin with the origin of the registered app from the token endpoint, also with errors.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const origin = originOf(redirectUri)
    const { status, headers } = await context.tokenRequest(
      {
        grant_type: 'authorization_code',
        code: randomToken(),
        redirect_uri: redirectUri,
        code_verifier: randomToken(),
      },
      { headers: { origin } },
    )
    if (status >= 500) return inconclusive(`It answered with status ${status}.`)
    const allowed = headers.get('access-control-allow-origin')
    if (allowed === '*' || allowed === origin) return pass(`Access-Control-Allow-Origin is ${allowed}.`)
    return isWebApp(redirectUri)
      ? warning(`It has no Access-Control-Allow-Origin for ${origin}.`)
      : notApplicable(`By its redirect URI (${redirectUri}) the app runs on a device, where no CORS is needed.`)
  },
}
