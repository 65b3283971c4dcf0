import { randomToken } from '../../../crypto/random.js'
import { none } from '../../../protocol/client-auth/client-auth.js'
import type { AuditCheck } from '../../check.js'
import { type Attacks, tryAll } from '../../run/attempts.js'
import { wrongAuth } from '../../run/wrong-auth.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const clientAuthAndVerifier: AuditCheck = {
  id: 'client-auth-and-verifier',
  title: 'A confidential client needs its authentication and the verifier, both',
  severity: 'high',
  sources: [rfc(6749, '3.2.1'), rfc(9700, '2.1.1'), asvs('V10.4.10'), asvs('V10.4.6'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends: 'Codes with right, wrong and no client authentication, each with the right, a wrong and no verifier.',
  why: 'The two proofs answer two questions: is this the app, and is this the sign-in that it began. A thief with a stolen code must fail at each of them, also after getting past the other one.',
  repair:
    'Authenticate the client first (invalid_client), then compare the verifier (invalid_grant). Neither replaces the other.',
  async run(context) {
    const wrong = await wrongAuth(context.client())
    const authentications = { right: context.client().clientAuth, ...(wrong && { wrong }), no: none() }
    const verifiers = { the: undefined, 'a wrong': randomToken(), no: null }
    const attacks: Record<string, Attacks[string]> = {}
    for (const [auth, clientAuth] of Object.entries(authentications)) {
      for (const [which, verifier] of Object.entries(verifiers)) {
        if (auth === 'right' && verifier === undefined) continue
        attacks[`${auth} authentication with ${which} verifier`] = async () =>
          context.redeem(await context.code(), {
            ...(clientAuth && { clientAuth }),
            ...(verifier !== undefined && { body: { code_verifier: verifier ?? undefined } }),
          })
      }
    }
    // At the end an honest sign-in: refusals because of too many wrong attempts would prove nothing.
    return tryAll(attacks, { control: () => context.tokens() })
  },
}
