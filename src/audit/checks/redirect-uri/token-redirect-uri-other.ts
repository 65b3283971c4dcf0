import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { rfc } from '../../sources.js'
import { refusesGrant } from './refuses-grant.js'

export const tokenRedirectUriOther: AuditCheck = {
  id: 'token-redirect-uri-other',
  title: 'A code that is redeemed with another redirect URI gives no tokens',
  severity: 'medium',
  sources: [rfc(6749, '4.1.3'), rfc(6749, '10.6'), rfc(9700, '4.5.3')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'A code of an honest sign-in, with another redirect_uri than that of its authorization request.',
  why: 'The comparison shows that a code was sent to another place than the app says. Without it, a code that went astray can still be used in an honest app.',
  repair: 'Keep the redirect_uri with the code, compare it at the token endpoint, and refuse with invalid_grant.',
  async run(context) {
    const code = await context.code()
    const { redirectUri } = code.request
    const other = `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}proofkey=audit`
    const response = await context.redeem(code, { body: { redirect_uri: other } })
    if (hasTokens(response)) return fail('It gave tokens although the redirect URI was another one.')
    return refusesGrant(response)
      ? pass(`It refused (${describeResponse(response)}).`)
      : inconclusive(`It answered with ${describeResponse(response)}.`)
  },
}
