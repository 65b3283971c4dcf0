import { type AuditCheck, Inconclusive, warning } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { asksForNonce, createProver, withNonce } from '../../run/dpop.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { rfc } from '../../sources.js'

export const dpopProofReplay: AuditCheck = {
  id: 'dpop-proof-replay',
  title: 'A DPoP proof works once',
  severity: 'low',
  sources: [rfc(9449, '11.1')],
  sets: [],
  needs: { client: 'any', signIn: true, metadata: ['dpop_signing_alg_values_supported'] },
  sends: 'Two honest token requests for two codes, with the same proof.',
  why: 'A proof can be seen where the traffic is logged. If it works again, the reader of the log needs no key for as long as it is fresh.',
  repair: 'Remember the jti of each proof while it is fresh, or ask for a nonce that the server gives out.',
  async run(context) {
    const prover = await createProver()
    const endpoint = context.endpoint('token_endpoint')
    return tryAll(
      {
        'a proof for the second time': async () => {
          let dpop = ''
          const code = await context.code()
          const first = await withNonce(async (nonce) => {
            dpop = await prover.proof('POST', endpoint, nonce)
            return context.redeem(code, { headers: { dpop } })
          })
          if (!hasTokens(first)) throw new Inconclusive(`the first use gave no tokens (${describeResponse(first)}).`)
          const second = await context.redeem(await context.code(), { headers: { dpop } })
          // A server that gives out each nonce once refuses the replay by asking for a new one.
          return asksForNonce(second) ? { outcome: 'refused', detail: describeResponse(second) } : second
        },
      },
      { result: warning },
    )
  },
}
