import { type AuditCheck, fail, inconclusive, pass, warning } from '../../check.js'
import { isRefusal } from '../../run/attempts.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { isAliveIfKnown, refreshableTokens } from '../../run/token-state.js'
import { rfc } from '../../sources.js'

export const revocationEndsTokens: AuditCheck = {
  id: 'revocation-ends-tokens',
  title: 'A revoked refresh token ends, and its access tokens with it',
  severity: 'medium',
  sources: [rfc(7009, '2.1')],
  sets: [],
  needs: { client: 'any', signIn: true, metadata: ['revocation_endpoint'] },
  sends: 'A revocation of the refresh token of a sign-in, then uses of both of its tokens.',
  why: 'When people sign out, or a device is lost, the app ends its tokens. A token that works afterwards keeps the session open for whoever has it.',
  repair: 'End a refresh token when it is revoked, and with it the access tokens of the same sign-in.',
  async run(context) {
    const { refresh_token: refreshToken, access_token: accessToken } = await refreshableTokens(context)
    const worked = await isAliveIfKnown(context, accessToken)
    if (worked === false) return inconclusive('The access token did not work before the revocation either.')
    const parameters = { token: refreshToken, token_type_hint: 'refresh_token' }
    const revocation = await context.send(
      await context.authenticated('revocation_endpoint', parameters, context.client()),
    )
    if (revocation.status !== 200)
      return inconclusive(`It refused an honest revocation (${describeResponse(revocation)}).`)
    const alive = worked && (await isAliveIfKnown(context, accessToken))
    const refresh = await context.refresh(refreshToken)
    if (hasTokens(refresh)) return fail('The revoked refresh token still gives tokens.')
    if (!isRefusal(refresh)) return inconclusive(`It did not answer the refresh (${describeResponse(refresh)}).`)
    if (alive === undefined)
      return inconclusive('The refresh token has ended; whether the access token has could not be told.')
    return alive
      ? warning('The refresh token has ended, but the access token still works.')
      : pass('Both tokens have ended.')
  },
}
