import type { AuditCheck } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { fapi2, rfc } from '../../sources.js'

export const assertionAudience: AuditCheck = {
  id: 'assertion-audience',
  title: 'An assertion names the issuer as its only audience',
  severity: 'medium',
  sources: [fapi2('5.3.2.1'), rfc(7523, '3')],
  sets: ['fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends:
    'Assertions of the client whose aud is the token endpoint, a list with the issuer, and a list with the issuer and another server.',
  why: 'An assertion is a signed letter from the app to one server. If its address may be written in several ways, a hostile server can get the app to write one that works at this server.',
  repair: 'Accept as aud only the issuer identifier of this server, as one string.',
  run: (context) =>
    tryAssertions(context, (assert) => {
      const withAudience = (aud: unknown) => () => redeemWith(context, assert({ claims: { aud } }))
      return {
        'the token endpoint as aud': withAudience(context.endpoint('token_endpoint')),
        'a list with the issuer as aud': withAudience([context.issuer]),
        'a list with the issuer and another server as aud': withAudience([context.issuer, 'https://attacker.example']),
      }
    }),
}
