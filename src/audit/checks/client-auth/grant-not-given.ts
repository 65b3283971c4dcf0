import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, fail, inconclusive, pass, warning } from '../../check.js'
import { isRefusal } from '../../run/attempts.js'
import type { HttpResponse } from '../../run/http.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { passwordLookedAt } from '../authorization/password-grant-refused.js'

const errorOf = ({ json }: HttpResponse) => json?.['error']

export const grantNotGiven: AuditCheck = {
  id: 'grant-not-given',
  title: 'A client of sign-ins cannot use the grants client_credentials and password',
  severity: 'medium',
  sources: [asvs('V10.4.4'), rfc(9700, '2.4'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends:
    'Token requests for client_credentials, and for password with a made-up person, with honest client authentication.',
  why: 'Each way to tokens that an app does not need is one more way for a thief of its secret. The password grant teaches people to type their password into apps, and skips every second factor.',
  repair:
    'Give each client only the grants that it needs (grant_types of its registration), refuse others with unauthorized_client, and switch the password grant off for all.',
  async run(context) {
    const password = await context.tokenRequest({
      grant_type: 'password',
      username: `audit-${randomToken()}`,
      password: randomToken(),
    })
    if (hasTokens(password)) return fail('It gave tokens for the password grant.')
    if (errorOf(password) === 'invalid_grant') {
      // Some servers say so of any grant.
      const unknown = await context.tokenRequest({ grant_type: 'urn:example:no-such-grant' })
      if (errorOf(unknown) === 'invalid_grant')
        return inconclusive('It answers invalid_grant to every grant type, also to one that does not exist.')
      return passwordLookedAt(context, describeResponse(password))
    }
    const own = await context.tokenRequest({ grant_type: 'client_credentials' })
    if (hasTokens(own))
      return warning('It gave a token for client_credentials. If this client should have that grant too, all is well.')
    const unclear = [password, own].find((response) => !isRefusal(response))
    if (unclear) return inconclusive(`It neither gave tokens nor refused (${describeResponse(unclear)}).`)
    return pass(
      `It refused password (${describeResponse(password)}) and client_credentials (${describeResponse(own)}).`,
    )
  },
}
