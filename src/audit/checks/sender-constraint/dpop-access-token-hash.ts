import { sha256 } from '../../../crypto/digest.js'
import { randomToken } from '../../../crypto/random.js'
import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { createProver, sendBoundToken, userinfoReaction, workingBoundToken } from '../../run/dpop.js'
import { fapi2, rfc } from '../../sources.js'

export const dpopAccessTokenHash: AuditCheck = {
  id: 'dpop-access-token-hash',
  title: 'A DPoP proof for another access token is refused',
  severity: 'medium',
  sources: [rfc(9449, '7'), rfc(9449, '4.3'), fapi2('5.3.4')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['dpop_signing_alg_values_supported', 'userinfo_endpoint'] },
  sends: 'Requests to the userinfo endpoint with proofs whose ath belongs to another token, or is missing.',
  why: 'A proof names the token that it was made for. If it works with any other one, a proof that leaked can be put together with a token from elsewhere.',
  repair:
    'Where an access token is used, require ath in the proof, and compare it with BASE64URL(SHA-256(access token)).',
  async run(context) {
    const prover = await createProver()
    const token = await workingBoundToken(context, prover)
    const attempt = (ath: string | undefined) => async () =>
      userinfoReaction(await sendBoundToken(context, token, prover, { claims: { ath } }))
    return tryAll(
      {
        'a proof for another token': attempt(await sha256(randomToken())),
        'a proof without ath': attempt(undefined),
      },
      { accepted: 'The userinfo endpoint accepted' },
    )
  },
}
