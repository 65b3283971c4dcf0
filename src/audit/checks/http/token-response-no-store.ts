import { type AuditCheck, fail, Inconclusive, pass } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { rfc } from '../../sources.js'
import { noStore } from './no-store.js'

export const tokenResponseNoStore: AuditCheck = {
  id: 'token-response-no-store',
  title: 'Tokens are kept in no cache',
  severity: 'low',
  sources: [rfc(6749, '5.1')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'An honest token request.',
  why: 'A cache on the way that keeps the answer keeps the tokens in it. Whoever reads the cache signs in as that person.',
  repair: 'Send Cache-Control: no-store with each answer of the token endpoint.',
  async run(context) {
    const response = await context.redeem(await context.code())
    if (!hasTokens(response)) throw new Inconclusive(`It gave no tokens (${describeResponse(response)}).`)
    return noStore(response)
      ? pass('Cache-Control is no-store.')
      : fail(`Cache-Control is ${response.headers.get('cache-control') ?? 'not there'}.`)
  },
}
