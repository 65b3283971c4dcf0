import { none } from '../../../protocol/client-auth/client-auth.js'
import type { AuditCheck } from '../../check.js'
import { type Attacks, tryAll } from '../../run/attempts.js'
import { describeResponse } from '../../run/outcomes.js'
import { pushed, pushReaction } from '../../run/pushed-requests.js'
import { wrongAuth } from '../../run/wrong-auth.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const parAuthentication: AuditCheck = {
  id: 'par-authentication',
  title: 'A pushed request needs the authentication of the client',
  severity: 'high',
  sources: [rfc(9126, '2.1'), asvs('V10.4.10'), fapi2('5.3.2.2')],
  sets: ['asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'confidential', signIn: true, metadata: ['pushed_authorization_request_endpoint'] },
  sends: 'Pushed authorization requests with no client authentication and with a wrong one.',
  why: 'A pushed request counts as one that the app itself has made. If anybody can push one in its name, an attacker writes the request and the server trusts it.',
  repair:
    'Authenticate the client at the endpoint for pushed requests as at the token endpoint, and refuse with invalid_client.',
  async run(context) {
    const attempt = (clientAuth: ReturnType<typeof none>) => async () => {
      const response = await context.push(await context.authorizationRequest(), { clientAuth })
      return { outcome: pushReaction(response), detail: describeResponse(response) }
    }
    const wrong = await wrongAuth(context.client())
    const attacks: Attacks = {
      'a pushed request without authentication': attempt(none()),
      ...(wrong && { 'a pushed request with a wrong authentication': attempt(wrong) }),
    }
    return tryAll(attacks, { accepted: 'It accepted', control: () => pushed(context) })
  },
}
