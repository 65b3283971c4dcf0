import { type AuditCheck, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { refusedAtStart } from './refused-at-start.js'

export const challengeRequiredAtStart: AuditCheck = {
  id: 'challenge-required-at-start',
  title: 'A request without a code challenge is refused before the sign-in',
  severity: 'low',
  sources: [rfc(7636, '4.4.1'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'An authorization request without code_challenge and code_challenge_method.',
  why: 'A person should not enter a password for a sign-in that cannot be protected. An app that forgot the protection also notices at once, and not after months.',
  repair: 'Require PKCE for the client, and answer a request without code_challenge with invalid_request at once.',
  run: (context) =>
    tryVariants({
      'No challenge': () =>
        refusedAtStart(context, { code_challenge: undefined, code_challenge_method: undefined }, warning),
    }),
}
