import type { AuditCheck } from '../../check.js'
import { signInWith, tryAll } from '../../run/attempts.js'
import { fapi2, rfc } from '../../sources.js'

export const pkceDowngrade: AuditCheck = {
  id: 'pkce-downgrade',
  title: 'A verifier is refused where no challenge was sent',
  severity: 'high',
  sources: [rfc(9700, '2.1.1'), rfc(9700, '4.8.2'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends:
    'An authorization request whose challenge was cut out, then its code with the verifier that the app still has.',
  why: 'An attacker who can change the link to the sign-in page can cut the protection out of it. The app notices nothing, and only the server can see that a proof arrives that nobody asked for.',
  repair:
    'Accept a token request with code_verifier only if the authorization request had a code_challenge; refuse others with invalid_grant. Best, refuse requests without code_challenge.',
  run: (context) =>
    tryAll({
      'a challenge that was cut out': () =>
        signInWith(context, { code_challenge: undefined, code_challenge_method: undefined }),
      'a challenge that was cut out, its method left': () => signInWith(context, { code_challenge: undefined }),
      'a challenge that was emptied': () => signInWith(context, { code_challenge: '' }),
    }),
}
