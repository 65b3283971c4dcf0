import type { AuditCheck } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { fapi2, rfc } from '../../sources.js'

export const assertionForAnotherServer: AuditCheck = {
  id: 'assertion-for-another-server',
  title: 'An assertion for another server is refused',
  severity: 'high',
  sources: [rfc(7523, '3'), rfc(9700, '2.5'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends: 'Assertions of the client whose aud is another server, an address below the issuer, or missing.',
  why: 'An app that works with several servers sends each of them a signed letter. If this server accepts letters to the others, any of them can act as the app here.',
  repair: 'Refuse with invalid_client every assertion whose aud is not the issuer identifier of this server.',
  run: (context) =>
    tryAssertions(context, (assert) => {
      const withAudience = (aud: unknown) => () => redeemWith(context, assert({ claims: { aud } }))
      return {
        'an assertion for another server': withAudience('https://attacker.example'),
        'an assertion for an address that begins with that of this server': withAudience(
          `${context.issuer}.attacker.example`,
        ),
        'an assertion without aud': withAudience(undefined),
      }
    }),
}
