import type { AuditCheck } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { createRedirectTrial } from './try-redirect-uri.js'

export const redirectUriFragment: AuditCheck = {
  id: 'redirect-uri-fragment',
  title: 'No fragment can be added to the redirect URI',
  severity: 'medium',
  sources: [rfc(6749, '3.1.2'), rfc(9700, '4.1.3'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'An authorization request whose redirect URI has a fragment.',
  why: 'Scripts of an app decide by the part after # what they show. An attacker’s fragment can take the answer away from the page that should receive it.',
  repair: 'Refuse a redirect_uri with a fragment, and compare it as a whole string.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const verdict = await createRedirectTrial(context)(`${redirectUri.split('#')[0]}#proofkey-audit`)
    return { ...verdict, observed: `${verdict.observed[0]?.toUpperCase()}${verdict.observed.slice(1)}` }
  },
}
