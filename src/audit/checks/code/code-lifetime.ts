import { type AuditCheck, fail, inconclusive, pass, warning } from '../../check.js'
import { isRefusal } from '../../run/attempts.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import type { IssuedCode } from '../../run/requests.js'
import { asvs, fapi2, rfc } from '../../sources.js'

/** More than the minutes that are asked about, for what the server rounds. */
const WAITS = [
  { minutes: 1, seconds: 65 },
  { minutes: 2, seconds: 125 },
  { minutes: 10, seconds: 610 },
] as const

export const codeLifetime: AuditCheck = {
  id: 'code-lifetime',
  title: 'A code ends soon',
  severity: 'medium',
  sources: [rfc(6749, '4.1.2'), asvs('V10.4.3'), fapi2('5.3.2.1')],
  sets: ['asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true, slow: true },
  sends: 'Honest token requests 1, 2 and 10 minutes after their codes were issued.',
  why: 'An honest app uses a code within seconds. The longer it works, the longer one from a log or a history is worth stealing.',
  repair: 'Let codes expire after 60 seconds; never after more than 10 minutes.',
  async run(context) {
    const codes: IssuedCode[] = []
    for (let count = 0; count <= WAITS.length; count++) codes.push(await context.code())
    // The oldest at once: it works although there are newer ones, so what is refused later is refused for its age.
    const control = await context.redeem(codes[0]!)
    if (!hasTokens(control))
      return inconclusive(
        `A code does not work once there are newer ones (${describeResponse(control)}), so its age cannot be tried.`,
      )
    let waited = 0
    let lasted = 0
    for (const [index, { minutes, seconds }] of WAITS.entries()) {
      await context.sleep(seconds - waited)
      waited = seconds
      const response = await context.redeem(codes[index + 1]!)
      if (hasTokens(response)) {
        lasted = minutes
        continue
      }
      if (!isRefusal(response))
        return inconclusive(`After ${seconds} seconds it did not answer (${describeResponse(response)}).`)
      return lasted
        ? warning(
            `A code works after ${lasted} ${lasted === 1 ? 'minute' : 'minutes'}, and not after ${minutes}. FAPI 2.0 and level 3 of ASVS allow 1 minute.`,
          )
        : pass(`After ${seconds} seconds a code is refused (${describeResponse(response)}).`)
    }
    return fail('A code still works after more than 10 minutes.')
  },
}
