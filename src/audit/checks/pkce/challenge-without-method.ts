import { randomToken } from '../../../crypto/random.js'
import type { AuditCheck } from '../../check.js'
import { signInWith, tryAll } from '../../run/attempts.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const challengeWithoutMethod: AuditCheck = {
  id: 'challenge-without-method',
  title: 'A challenge without a method is not taken as plain',
  severity: 'medium',
  sources: [rfc(7636, '4.3'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends:
    'An authorization request with code_challenge and no code_challenge_method, which means plain, and its code with the challenge as the verifier.',
  why: 'An attacker who can change the link to the sign-in page leaves the method out and so chooses the weak one. The link then contains the proof that should stay secret.',
  repair: 'Refuse a code_challenge without code_challenge_method=S256 with invalid_request.',
  run(context) {
    const verifier = randomToken()
    context.hide(verifier, 'code_verifier')
    return tryAll({
      'a challenge without a method': () =>
        signInWith(
          context,
          { code_challenge: verifier, code_challenge_method: undefined },
          { body: { code_verifier: verifier } },
        ),
      'a challenge with an empty method': () =>
        signInWith(
          context,
          { code_challenge: verifier, code_challenge_method: '' },
          { body: { code_verifier: verifier } },
        ),
    })
  },
}
