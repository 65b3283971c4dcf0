import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { createProver, sendBoundToken, userinfoReaction, workingBoundToken } from '../../run/dpop.js'
import { sendToken } from '../../run/token-state.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const dpopBoundToken: AuditCheck = {
  id: 'dpop-bound-token',
  title: 'A token that is bound to a key works with that key only',
  severity: 'high',
  sources: [rfc(9449, '7'), rfc(9700, '2.2.1'), asvs('V10.4.14'), fapi2('5.3.4')],
  sets: ['rfc9700', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['dpop_signing_alg_values_supported', 'userinfo_endpoint'] },
  sends: 'A bound access token at the userinfo endpoint: as a bearer token, and with proofs of another key.',
  why: 'A token is bound to a key so that a stolen one is worthless. If it works without the key, the binding protects nothing.',
  repair:
    'Where an access token is used, compare the thumbprint in its cnf with the key of the proof, and refuse a bound token that comes without a proof.',
  async run(context) {
    const prover = await createProver()
    const thief = await createProver()
    const token = await workingBoundToken(context, prover)
    return tryAll(
      {
        'a bound token as a bearer token': async () => userinfoReaction(await sendToken(context, token)),
        'a bound token with a proof of another key': async () =>
          userinfoReaction(await sendBoundToken(context, token, thief)),
        'a bound token as a bearer token, with a proof of another key': async () =>
          userinfoReaction(await sendBoundToken(context, token, thief, { scheme: 'Bearer' })),
      },
      { accepted: 'The userinfo endpoint accepted' },
    )
  },
}
