import { type AuditCheck, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { refusedAtStart } from './refused-at-start.js'

export const plainRefusedAtStart: AuditCheck = {
  id: 'plain-refused-at-start',
  title: 'The PKCE method plain is refused before the sign-in',
  severity: 'low',
  sources: [rfc(7636, '4.4.1'), rfc(7636, '7.2'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'Authorization requests with code_challenge_method=plain, and without a method, which means plain.',
  why: 'With plain, the secret of the sign-in stands in the address bar. Whoever reads the address can use a stolen code.',
  repair: 'Support S256 only, and answer another method, or none, with invalid_request at once.',
  run: (context) =>
    tryVariants({
      'The method plain': () => refusedAtStart(context, { code_challenge_method: 'plain' }, warning),
      'No method': () => refusedAtStart(context, { code_challenge_method: undefined }, warning),
    }),
}
