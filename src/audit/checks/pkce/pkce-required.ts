import type { AuditCheck } from '../../check.js'
import { isPublic } from '../../client.js'
import { signInWith, tryAll } from '../../run/attempts.js'
import { asvs, fapi2, rfc } from '../../sources.js'

const NO_CHALLENGE = { code_challenge: undefined, code_challenge_method: undefined }

export const pkceRequired: AuditCheck = {
  id: 'pkce-required',
  title: 'A sign-in without PKCE gives no tokens',
  severity: 'high',
  sources: [rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: 'An authorization request without a code challenge, and its code without a verifier.',
  why: 'Without PKCE, whoever gets hold of a code can finish the sign-in in place of the person, or push a code of their own into another sign-in. A client secret does not replace it: the secret shows which app asks, not that it is the same sign-in.',
  repair:
    'Refuse authorization requests without code_challenge with invalid_request, for public and for confidential clients.',
  async run(context) {
    const observed = await tryAll({
      'a sign-in without a challenge': () => signInWith(context, NO_CHALLENGE, { body: { code_verifier: undefined } }),
      'a sign-in with an empty challenge': () =>
        signInWith(
          context,
          { code_challenge: '', code_challenge_method: undefined },
          { body: { code_verifier: undefined } },
        ),
    })
    if (observed.result !== 'fail' || isPublic(context.client())) return observed
    return {
      ...observed,
      observed: `${observed.observed} PKCE is needed although this client authenticates: that shows which app asks, not that it is the same sign-in.`,
    }
  },
}
