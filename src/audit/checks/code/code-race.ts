import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { asvs, fapi2, rfc } from '../../sources.js'

const ROUNDS = 3
const AT_ONCE = 4

export const codeRace: AuditCheck = {
  id: 'code-race',
  title: 'A code gives tokens once, also to requests that arrive together',
  severity: 'medium',
  sources: [rfc(6749, '4.1.2'), asvs('V10.4.2'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: `${AT_ONCE} equal token requests at the same moment, in ${ROUNDS} rounds with a new code each.`,
  why: 'A thief uses a code as soon as it is seen, often together with the honest app. A server that looks first and marks later gives tokens to both.',
  repair:
    'Look up a code and mark it as used in one atomic step of the database, for example an update that counts only if the code was unused.',
  async run(context) {
    for (let round = 1; round <= ROUNDS; round++) {
      const code = await context.code()
      const responses = await Promise.all(
        Array.from({ length: AT_ONCE }, () => context.redeem(code, { unpaced: true })),
      )
      const winners = responses.filter(hasTokens).length
      if (winners > 1)
        return fail(`In round ${round}, ${winners} of ${AT_ONCE} requests with the same code got tokens.`)
      if (!winners)
        return inconclusive(
          `None of ${AT_ONCE} requests with the same code got tokens (${describeResponse(responses[0]!)}).`,
        )
    }
    return pass(`In each of ${ROUNDS} rounds, exactly one of ${AT_ONCE} requests got tokens.`)
  },
}
