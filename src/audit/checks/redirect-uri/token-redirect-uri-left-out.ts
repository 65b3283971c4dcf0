import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { rfc } from '../../sources.js'
import { refusesGrant } from './refuses-grant.js'

export const tokenRedirectUriLeftOut: AuditCheck = {
  id: 'token-redirect-uri-left-out',
  title: 'A code that is redeemed without its redirect URI gives no tokens',
  severity: 'low',
  sources: [rfc(6749, '4.1.3')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'A code of an honest sign-in, without redirect_uri.',
  why: 'OAuth 2.0 wants the comparison, by which an app notices a code that went astray. The drafts of OAuth 2.1 leave it out where PKCE is enforced, so this is a note, no hole.',
  repair:
    'Ask for redirect_uri at the token endpoint if the authorization request had one; or enforce PKCE for all apps.',
  async run(context) {
    const response = await context.redeem(await context.code(), { body: { redirect_uri: undefined } })
    if (hasTokens(response)) return warning('It gave tokens without the redirect URI.')
    return refusesGrant(response)
      ? pass(`It refused (${describeResponse(response)}).`)
      : inconclusive(`It answered with ${describeResponse(response)}.`)
  },
}
