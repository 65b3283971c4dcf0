import type { AuditCheck } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial, partsOf } from './try-redirect-uri.js'

export const redirectUriTwice: AuditCheck = {
  id: 'redirect-uri-twice',
  title: 'A second redirect URI in the same request is not used',
  severity: 'high',
  sources: [rfc(6749, '3.1'), rfc(9700, '4.1.3'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'Authorization requests with the registered redirect URI and another one, in both orders.',
  why: 'Where one part of a server checks the first of two and another part uses the last, the check is worth nothing. The code that signs a person in then goes to the attacker.',
  repair: 'Refuse an authorization request in which a parameter is there twice, with an error page.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, isHttp } = partsOf(redirectUri)
    const attempt = createRedirectTrial(context)
    const other = isHttp ? `${scheme}://${authority}/proofkey-audit` : `${redirectUri}-proofkey-audit`
    return tryVariants({
      'The registered one first': () => attempt(other, { redirect_uri: [redirectUri, other] }),
      'The registered one last': () => attempt(other, { redirect_uri: [other, redirectUri] }),
    })
  },
}
