import { type AuditCheck, inconclusive, notApplicable, pass, warning } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { refreshed, tokensWithRefresh } from '../../run/token-state.js'
import { rfc } from '../../sources.js'

const ROUNDS = 3
const AT_ONCE = 4

export const refreshTokenRace: AuditCheck = {
  id: 'refresh-token-race',
  title: 'Of refreshes that arrive together, one gets tokens',
  severity: 'low',
  sources: [rfc(9700, '4.14.2')],
  sets: [],
  needs: { client: 'public', signIn: true },
  sends: `${AT_ONCE} equal refreshes at the same moment, in ${ROUNDS} rounds with a new sign-in each.`,
  why: 'A thief who refreshes at the same moment as the app gets a session beside it, and no later use shows that there are two. Some servers allow this for some seconds on purpose, so that a lost answer signs nobody out.',
  repair:
    'Look up a refresh token and mark it as used in one atomic step. If a grace time is wanted, give the same new token to all requests in it.',
  async run(context) {
    for (let round = 1; round <= ROUNDS; round++) {
      const { refresh_token: token } = await tokensWithRefresh(context)
      if (round === 1) {
        const { refresh_token: sample } = await tokensWithRefresh(context)
        if ((await refreshed(context, sample)).refresh_token === sample)
          return notApplicable('Refresh tokens are not replaced.')
      }
      const responses = await Promise.all(
        Array.from({ length: AT_ONCE }, () => context.refresh(token, { unpaced: true })),
      )
      const given = new Set(responses.filter(hasTokens).map(({ json }) => json['refresh_token']))
      if (given.size > 1)
        return warning(`In round ${round}, ${AT_ONCE} equal refreshes gave ${given.size} different refresh tokens.`)
      if (!given.size)
        return inconclusive(`None of ${AT_ONCE} equal refreshes got tokens (${describeResponse(responses[0]!)}).`)
    }
    return pass(`In each of ${ROUNDS} rounds, ${AT_ONCE} equal refreshes gave one new refresh token.`)
  },
}
