import { randomToken } from '../../../crypto/random.js'
import type { AuditCheck } from '../../check.js'
import { signInWith, tryAll } from '../../run/attempts.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const plainChallenge: AuditCheck = {
  id: 'plain-challenge',
  title: 'The PKCE method plain gives no tokens',
  severity: 'medium',
  sources: [rfc(9700, '2.1.1'), rfc(7636, '7.2'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: 'An authorization request with code_challenge_method=plain, and its code with the challenge as the verifier.',
  why: 'With the method plain, the link to the sign-in page contains the proof itself. Whoever sees the link, in a history or in a log, can redeem the code.',
  repair: 'Support S256 only, and refuse any other code_challenge_method with invalid_request.',
  run(context) {
    const attempt = (method: string) => {
      const verifier = randomToken()
      context.hide(verifier, 'code_verifier')
      return signInWith(
        context,
        { code_challenge: verifier, code_challenge_method: method },
        { body: { code_verifier: verifier } },
      )
    }
    return tryAll({ 'the method plain': () => attempt('plain'), 'the method PLAIN': () => attempt('PLAIN') })
  },
}
