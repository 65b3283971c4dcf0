import { type AuditCheck, fail, Inconclusive, pass } from '../../check.js'
import { describeResponse } from '../../run/outcomes.js'
import { fapi2, rfc } from '../../sources.js'

export const userinfoTokenInQuery: AuditCheck = {
  id: 'userinfo-token-in-query',
  title: 'The userinfo endpoint takes no token from the address',
  severity: 'low',
  sources: [rfc(9700, '4.3.2'), rfc(6750, '2.3'), fapi2('5.3.4')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['userinfo_endpoint'] },
  sends: 'An access token of an honest sign-in, in the Authorization header and then in the query.',
  why: 'Addresses end up in logs and histories, and the token with them. Where it works there, sooner or later an app sends it there.',
  repair: 'Take access tokens from the Authorization header only.',
  async run(context) {
    const { access_token: token } = await context.tokens()
    const url = context.endpoint('userinfo_endpoint')
    const honest = await context.send({ url, headers: { authorization: `Bearer ${token}` } })
    if (honest.status !== 200)
      throw new Inconclusive(`The token does not work in the header either (${describeResponse(honest)}).`)
    const address = new URL(url)
    address.searchParams.set('access_token', `${token}`)
    const response = await context.send({ url: address.href })
    if (response.status === 200) return fail('It answered with the person’s data.')
    if (response.status >= 400 && response.status < 500) return pass(`It refused (${describeResponse(response)}).`)
    throw new Inconclusive(`It answered with ${describeResponse(response)}.`)
  },
}
