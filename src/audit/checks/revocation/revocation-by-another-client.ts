import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { refreshableTokens } from '../../run/token-state.js'
import { rfc } from '../../sources.js'

export const revocationByAnotherClient: AuditCheck = {
  id: 'revocation-by-another-client',
  title: "A client cannot revoke another client's tokens",
  severity: 'medium',
  sources: [rfc(7009, '2.1')],
  sets: [],
  needs: { client: 'any', signIn: true, otherClient: true, metadata: ['revocation_endpoint'] },
  sends: 'A revocation request of another client for a refresh token of this one, then an honest refresh.',
  why: 'A token that leaked to another app should be worth nothing there. If that app can end it, it can sign out the users of this one.',
  repair: 'Compare the client that asks with the client of the token, and leave the token alone if they differ.',
  async run(context) {
    const { refresh_token: token } = await refreshableTokens(context)
    const response = await context.send(
      await context.authenticated('revocation_endpoint', { token }, context.otherClient()),
    )
    if (response.status >= 500) return inconclusive(`It did not answer the revocation (${describeResponse(response)}).`)
    const refresh = await context.refresh(token)
    if (hasTokens(refresh)) return pass(`The refresh token still works (the answer was ${describeResponse(response)}).`)
    return response.status === 200
      ? fail('Another client ended the refresh token.')
      : inconclusive(
          `It refused the revocation (${describeResponse(response)}), and yet the refresh token does not work.`,
        )
  },
}
