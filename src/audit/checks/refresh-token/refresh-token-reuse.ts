import { type AuditCheck, fail, inconclusive, notApplicable, pass } from '../../check.js'
import { isRefusal } from '../../run/attempts.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { refreshed, tokensWithRefresh } from '../../run/token-state.js'
import { asvs, rfc } from '../../sources.js'

export const refreshTokenReuse: AuditCheck = {
  id: 'refresh-token-reuse',
  title: 'An old refresh token is refused, and ends the newest one',
  severity: 'high',
  sources: [rfc(9700, '4.14.2'), asvs('V10.4.5')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2'],
  needs: { client: 'public', signIn: true },
  sends: 'Two honest refreshes, then the first refresh token again, then the newest one.',
  why: 'When a replaced token comes back, two hold the same session: the person and a thief. If the server does not end the session then, the thief keeps it.',
  repair:
    'Keep used refresh tokens until they expire. When one comes again, refuse it with invalid_grant and revoke all tokens of that sign-in.',
  async run(context) {
    const { refresh_token: first } = await tokensWithRefresh(context)
    const { refresh_token: second } = await refreshed(context, first)
    if (first === second) return notApplicable('Refresh tokens are not replaced.')
    // Two generations on: a short grace time for the one before is common, and no defect.
    const { refresh_token: newest } = await refreshed(context, second)
    const reuse = await context.refresh(first)
    if (hasTokens(reuse)) return fail('A refresh token that was replaced twice still gives tokens.')
    if (!isRefusal(reuse)) return inconclusive(`It neither gave tokens nor refused (${describeResponse(reuse)}).`)
    const after = await context.refresh(newest)
    if (hasTokens(after))
      return fail('It refused the old refresh token, but the newest one of the same sign-in still gives tokens.')
    if (!isRefusal(after)) return inconclusive(`It neither gave tokens nor refused (${describeResponse(after)}).`)
    return pass(`It refused the old refresh token (${describeResponse(reuse)}) and then the newest one.`)
  },
}
