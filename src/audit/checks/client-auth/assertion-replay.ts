import { type AuditCheck, Inconclusive } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { oidc, rfc } from '../../sources.js'

export const assertionReplay: AuditCheck = {
  id: 'assertion-replay',
  title: 'An assertion works once',
  severity: 'medium',
  sources: [oidc('9'), rfc(7523, '3')],
  sets: ['fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends: 'Two honest token requests for two codes, with the same assertion.',
  why: 'The signed letter with which an app proves who it is can be seen where the traffic is logged. If it works again before it expires, the reader of the log can act as the app.',
  repair: 'Remember the jti of each assertion until its exp, and refuse a second use with invalid_client.',
  run: (context) =>
    tryAssertions(context, (assert) => ({
      'an assertion for the second time': async () => {
        const clientAuth = await assert()
        const first = await redeemWith(context, clientAuth)
        if (!hasTokens(first)) throw new Inconclusive(`the first use gave no tokens (${describeResponse(first)}).`)
        return redeemWith(context, clientAuth)
      },
    })),
}
