import { type AuditCheck, Inconclusive } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const codeReplay: AuditCheck = {
  id: 'code-replay',
  title: 'A code gives tokens once',
  severity: 'high',
  sources: [rfc(6749, '4.1.2'), asvs('V10.4.2'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: 'The same honest token request twice, one after the other.',
  why: 'A code travels through the browser and may be left in a history or in a log. If it works again, whoever finds it there gets a session of their own.',
  repair:
    'Mark a code as used in the same step in which it is looked up, and refuse every further use with invalid_grant.',
  run: (context) =>
    tryAll({
      'a code for the second time': async () => {
        const code = await context.code()
        const first = await context.redeem(code)
        if (!hasTokens(first)) throw new Inconclusive(`the first use gave no tokens (${describeResponse(first)}).`)
        return context.redeem(code)
      },
    }),
}
