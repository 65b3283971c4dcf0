import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const missingVerifier: AuditCheck = {
  id: 'missing-verifier',
  title: 'A code without its verifier gives no tokens',
  severity: 'high',
  sources: [rfc(7636, '4.6'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: 'A code of an honest sign-in, without a verifier and with an empty one.',
  why: 'The verifier proves that the app that redeems a code is the one that asked for it. Where it can be left out, a stolen code is enough to take over the session.',
  repair:
    'Keep the code_challenge with the code, and refuse with invalid_grant every token request for it that has no code_verifier, also of a client with a secret.',
  run: (context) =>
    tryAll({
      'a code without a verifier': async () =>
        context.redeem(await context.code(), { body: { code_verifier: undefined } }),
      'a code with an empty verifier': async () =>
        context.redeem(await context.code(), { body: { code_verifier: '' } }),
    }),
}
