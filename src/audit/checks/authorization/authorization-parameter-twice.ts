import { type AuditCheck, fail, inconclusive, pass, type Verdict } from '../../check.js'
import { refusalAt } from '../../run/attempts.js'
import type { AuditContext } from '../../run/context.js'
import { codeOf, describe } from '../../run/outcomes.js'
import type { Changes } from '../../run/requests.js'
import { rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { refusedAtStart } from './refused-at-start.js'

/** What a filter in front of a server, or an app, may have looked at only once. */
const TWICE: Record<string, readonly string[]> = {
  response_type: ['code', 'code'],
  scope: ['openid', 'openid'],
  state: ['proofkey-audit-1', 'proofkey-audit-2'],
  code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN'],
}

export const authorizationParameterTwice: AuditCheck = {
  id: 'authorization-parameter-twice',
  title: 'An authorization request that says something twice is refused',
  severity: 'low',
  sources: [rfc(6749, '3.1'), rfc(6749, '4.1.2.1')],
  sets: [],
  needs: { client: 'any' },
  sends: `Authorization requests with ${Object.keys(TWICE).join(', ')} twice, one after the other.`,
  why: 'Two parts of a system may each read another one of the two values. What the one has checked is then not what the other does.',
  repair: 'Answer a request in which a parameter is there twice with invalid_request.',
  run: (context) =>
    tryVariants(
      Object.fromEntries(
        Object.entries(TWICE).map(([name, values]) => [
          name,
          async () => {
            const changes = { [name]: values }
            const atStart = await refusedAtStart(context, changes, inconclusive)
            return atStart.result === 'inconclusive' ? afterSignIn(context, changes) : atStart
          },
        ]),
      ),
    ),
}

/** Some servers look at a request only when they know the person. */
async function afterSignIn(context: AuditContext, changes: Changes): Promise<Verdict> {
  await context.code()
  const request = await context.authorizationRequest(changes)
  const arrival = await context.authorize(request, true)
  if (codeOf(arrival, request)) return fail('it gave a code.')
  return refusalAt(arrival).outcome === 'refused'
    ? pass(`refused (${describe(arrival)}).`)
    : inconclusive(`${describe(arrival)}.`)
}
