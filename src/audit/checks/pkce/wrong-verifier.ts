import { randomToken } from '../../../crypto/random.js'
import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const wrongVerifier: AuditCheck = {
  id: 'wrong-verifier',
  title: 'A code with a wrong verifier gives no tokens',
  severity: 'high',
  sources: [rfc(7636, '4.6'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: 'A code of an honest sign-in, with the verifier of another one, and with its own challenge as the verifier.',
  why: 'The verifier proves that the app that redeems a code is the one that asked for it. Where any verifier will do, a stolen code is enough to take over the session.',
  repair:
    'Compare BASE64URL(SHA-256(code_verifier)) with the code_challenge of the authorization request, and refuse with invalid_grant.',
  run: (context) =>
    tryAll({
      'another verifier': async () => context.redeem(await context.code(), { body: { code_verifier: randomToken() } }),
      'the challenge as the verifier': async () => {
        const code = await context.code()
        return context.redeem(code, {
          body: { code_verifier: code.request.url.searchParams.get('code_challenge') ?? undefined },
        })
      },
    }),
}
