import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { boundTokens, createProver, redeemWithProof } from '../../run/dpop.js'
import { fapi2, rfc } from '../../sources.js'

export const dpopCodeKey: AuditCheck = {
  id: 'dpop-code-key',
  title: 'A code that is bound to a key by dpop_jkt works with that key only',
  severity: 'medium',
  sources: [rfc(9449, '10'), fapi2('5.3.2.1')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['dpop_signing_alg_values_supported'] },
  sends: 'Codes of authorization requests with dpop_jkt, redeemed with a proof of another key and without a proof.',
  why: 'The app announces its key before the sign-in, so that a stolen code is worthless. If another key will do, the thief gets tokens that are bound to the key of the thief.',
  repair: 'Keep dpop_jkt with the code, and refuse with invalid_grant if the proof is of another key or missing.',
  async run(context) {
    const prover = await createProver()
    const thief = await createProver()
    const binding = { dpop_jkt: prover.jkt }
    await boundTokens(context, prover, binding)
    return tryAll({
      'a bound code with a proof of another key': async () =>
        redeemWithProof(context, await context.code(binding), thief),
      'a bound code without a proof': async () => context.redeem(await context.code(binding)),
    })
  },
}
