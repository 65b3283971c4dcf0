import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, fail, inconclusive, pass, type Verdict, warning } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { listed } from '../metadata/documents.js'

export const passwordGrantRefused: AuditCheck = {
  id: 'password-grant-refused',
  title: 'The app cannot trade a person’s password for tokens',
  severity: 'medium',
  sources: [rfc(9700, '2.4'), asvs('V10.4.4'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'public' },
  sends:
    'A token request with grant_type=password, an invented user and an invented password; and one with an invented grant type.',
  why: 'With this grant, an app sees the passwords of people, and learns them to enter them anywhere. It also goes around a second factor, and lets passwords be guessed by a program.',
  repair: 'Switch off the password grant for the client; answer with unauthorized_client or unsupported_grant_type.',
  async run(context) {
    const invented = await context.tokenRequest({ grant_type: 'urn:proofkey:audit:no-such-grant' })
    const response = await context.tokenRequest({
      grant_type: 'password',
      username: 'proofkey-audit-no-such-user',
      password: randomToken(),
      scope: context.client().scope ?? 'openid',
    })
    if (hasTokens(response)) return fail('It gave tokens for an invented password.')
    const [error, control] = [response.json?.['error'], invented.json?.['error']]
    if (error === 'unsupported_grant_type' || error === 'unauthorized_client')
      return pass(`It refused (${describeResponse(response)}).`)
    if (error === 'invalid_grant' && control !== 'invalid_grant')
      return passwordLookedAt(context, describeResponse(response))
    // Who asks is refused, whatever the password.
    if (error === 'invalid_client') return pass(`It refused the client (${describeResponse(response)}).`)
    return inconclusive(
      `It answered with ${describeResponse(response)}, and with ${describeResponse(invented)} to a grant type that nobody has.`,
    )
  },
}

/**
 * The verdict where a made-up password was answered with `invalid_grant`. Whether a right one gives tokens is not tried: some
 * servers look at the password first and at the client's grants after it.
 */
export function passwordLookedAt({ metadata }: AuditContext, answer: string): Verdict {
  return listed(metadata, 'grant_types_supported')?.includes('password')
    ? fail(`It looked at the password (${answer}), and the metadata lists the grant.`)
    : warning(
        `It looked at the password (${answer}). Whether a right one gives tokens was not tried; in any case passwords can be guessed here.`,
      )
}
