import { type AuditCheck, warning } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { rfc } from '../../sources.js'

export const longLivedAssertion: AuditCheck = {
  id: 'long-lived-assertion',
  title: 'An assertion that is valid for a year is refused',
  severity: 'low',
  sources: [rfc(7523, '3')],
  sets: [],
  needs: { client: 'confidential', signIn: true },
  sends: 'An assertion of the client that expires in a year.',
  why: 'Some apps sign one letter and use it for a year, which makes it a password again. A server that sets a limit finds such apps in their first test.',
  repair: 'Refuse assertions whose exp is more than some minutes away with invalid_client.',
  run: (context) =>
    tryAssertions(
      context,
      (assert) => ({
        'an assertion that expires in a year': () =>
          redeemWith(context, assert({ claims: { exp: Math.floor(Date.now() / 1000) + 365 * 86_400 } })),
      }),
      { result: warning },
    ),
}
