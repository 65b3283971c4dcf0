import { type AuditCheck, fail, inconclusive, pass, warning } from '../../check.js'
import { isRefusal } from '../../run/attempts.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { isAliveIfKnown } from '../../run/token-state.js'
import { asvs, rfc } from '../../sources.js'

export const tokensAfterCodeReplay: AuditCheck = {
  id: 'tokens-after-code-replay',
  title: 'A code that is used twice ends the tokens of its first use',
  severity: 'medium',
  sources: [rfc(6749, '4.1.2'), rfc(9700, '4.2.4'), asvs('V10.4.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3'],
  needs: { client: 'any', signIn: true },
  sends: 'The same honest token request twice, then uses of the tokens that the first one gave.',
  why: 'Two uses of one code mean that somebody else has it, and nobody knows who came first. If the first tokens live on, a thief who was faster keeps the session.',
  repair: 'When a code comes again, revoke all tokens that it gave, at least the refresh token.',
  async run(context) {
    const code = await context.code()
    const first = await context.redeem(code)
    if (!hasTokens(first)) return inconclusive(`The first use gave no tokens (${describeResponse(first)}).`)
    const { access_token: accessToken, refresh_token: refreshToken } = first.json
    const worked = await isAliveIfKnown(context, accessToken)
    const replay = await context.redeem(code)
    if (hasTokens(replay)) return fail('It gave tokens again, so nothing was ended.')
    if (!isRefusal(replay)) return inconclusive(`It did not answer the second use (${describeResponse(replay)}).`)
    const alive = worked && (await isAliveIfKnown(context, accessToken))
    if (typeof refreshToken === 'string') {
      const refresh = await context.refresh(refreshToken)
      if (hasTokens(refresh)) return fail('The refresh token of the first use still gives tokens.')
      if (!isRefusal(refresh)) return inconclusive(`It did not answer the refresh (${describeResponse(refresh)}).`)
    }
    if (worked === undefined || alive === undefined)
      return inconclusive(
        `Whether the access token has ended could not be told${typeof refreshToken === 'string' ? '; the refresh token has' : ''}.`,
      )
    if (!worked) return inconclusive('The access token did not work before the second use either.')
    if (!alive)
      return pass(
        typeof refreshToken === 'string'
          ? 'It ended both tokens.'
          : 'It ended the access token; there is no refresh token.',
      )
    return typeof refreshToken === 'string'
      ? warning('It ended the refresh token, but the access token of the first use still works.')
      : fail('The access token of the first use still works.')
  },
}
