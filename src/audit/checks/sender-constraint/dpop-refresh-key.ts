import { type AuditCheck, Inconclusive } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import type { AuditContext } from '../../run/context.js'
import { boundTokens, createProver, type Prover, refreshWithProof } from '../../run/dpop.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { askingForConsent } from '../../run/token-state.js'
import { rfc } from '../../sources.js'

export const dpopRefreshKey: AuditCheck = {
  id: 'dpop-refresh-key',
  title: 'A refresh token of a public client that is bound to a key works with that key only',
  severity: 'high',
  sources: [rfc(9449, '5'), rfc(9700, '2.2.2')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'public', signIn: true, metadata: ['dpop_signing_alg_values_supported'] },
  sends: 'Refreshes of tokens of a sign-in with DPoP, with a proof of another key and without a proof.',
  why: 'An app without a secret has only its key to show that a refresh token is its own. If any key will do, a stolen refresh token is enough to stay signed in as the person.',
  repair: "Keep the key's thumbprint with the refresh token of a public client, and refuse others with invalid_grant.",
  async run(context) {
    const prover = await createProver()
    const thief = await createProver()
    const control = await refreshWithProof(context, await boundRefreshToken(context, prover), prover)
    if (!hasTokens(control))
      throw new Inconclusive(`An honest refresh with DPoP gave no tokens (${describeResponse(control)}).`)
    return tryAll({
      'a refresh with a proof of another key': async () =>
        refreshWithProof(context, await boundRefreshToken(context, prover), thief),
      'a refresh without a proof': async () => context.refresh(await boundRefreshToken(context, prover)),
    })
  },
}

async function boundRefreshToken(context: AuditContext, prover: Prover): Promise<string> {
  const tokens = await askingForConsent(context.client(), (changes) => boundTokens(context, prover, changes))
  if (tokens) return tokens.refresh_token
  throw new Inconclusive(
    'A sign-in with DPoP gave no refresh token. If the client should get one, give it the scope for that; see --scope.',
  )
}
