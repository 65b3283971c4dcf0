import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { boundTokens, createProver, type ProofChanges, redeemWithProof } from '../../run/dpop.js'
import { fapi2, rfc } from '../../sources.js'

export const dpopProofTarget: AuditCheck = {
  id: 'dpop-proof-target',
  title: 'A DPoP proof for another request, or by another key, is refused',
  severity: 'high',
  sources: [rfc(9449, '4.3'), fapi2('5.3.2.1')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['dpop_signing_alg_values_supported'] },
  sends:
    'Token requests with proofs that name another server, another path or another method, and one that another key signed.',
  why: 'A proof shows that the sender has the key right now, for this one request. If one made for something else works, whoever received that one can act as the app here.',
  repair:
    'Check the signature with the key in the header, and that htm and htu are the method and the URL of this request; refuse others with invalid_dpop_proof. Never ignore a wrong proof.',
  async run(context) {
    const prover = await createProver()
    const other = await createProver()
    await boundTokens(context, prover)
    const endpoint = context.endpoint('token_endpoint')
    const attempt = (changes: ProofChanges) => async () =>
      redeemWithProof(context, await context.code(), prover, changes)
    return tryAll({
      'a proof for another server': attempt({ claims: { htu: 'https://attacker.example/token' } }),
      'a proof for another path': attempt({ claims: { htu: `${endpoint}/other` } }),
      'a proof without htu': attempt({ claims: { htu: undefined } }),
      'a proof for another method': attempt({ claims: { htm: 'GET' } }),
      'a proof without htm': attempt({ claims: { htm: undefined } }),
      'a proof that another key signed': attempt({ sign: other.sign }),
    })
  },
}
