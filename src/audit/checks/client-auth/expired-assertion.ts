import type { AuditCheck } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { rfc } from '../../sources.js'

export const expiredAssertion: AuditCheck = {
  id: 'expired-assertion',
  title: 'An assertion that has expired, or never expires, is refused',
  severity: 'high',
  sources: [rfc(7523, '3'), rfc(9700, '2.5')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends: 'Assertions of the client that expired an hour ago, and one without exp.',
  why: 'The signed letter with which an app proves who it is should be worthless minutes later. If old ones work, one from a log or a backup is enough to act as the app.',
  repair:
    'Require exp in assertions, and refuse those whose exp is past with invalid_client. Allow a minute for clocks.',
  run: (context) =>
    tryAssertions(context, (assert) => {
      const past = Math.floor(Date.now() / 1000) - 3600
      return {
        'an assertion that expired an hour ago': () =>
          redeemWith(context, assert({ claims: { iat: past - 60, nbf: past - 60, exp: past } })),
        'an assertion without exp': () => redeemWith(context, assert({ claims: { exp: undefined } })),
      }
    }),
}
