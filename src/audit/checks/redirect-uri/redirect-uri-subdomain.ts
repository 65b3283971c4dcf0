import { type AuditCheck, notApplicable } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial, isIpAddress, partsOf } from './try-redirect-uri.js'

export const redirectUriSubdomain: AuditCheck = {
  id: 'redirect-uri-subdomain',
  title: 'The browser is not sent to other hosts of the same domain',
  severity: 'high',
  sources: [rfc(9700, '4.1.1'), rfc(9700, '2.1'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends:
    'Authorization requests whose redirect URI is at a sub-domain of the registered host, and at a host that ends in it.',
  why: 'Domains have forgotten hosts, and hosts where others may put pages. Whoever controls one of them gets the codes that sign people in.',
  repair: 'Register each redirect URI in full, without wildcards, and compare it as a whole string.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, path, query, isHttp } = partsOf(redirectUri)
    if (!isHttp || isIpAddress(authority)) return notApplicable(`The redirect URI ${redirectUri} has no host name.`)
    const attempt = createRedirectTrial(context)
    return tryVariants({
      'A sub-domain': () => attempt(`${scheme}://proofkey-audit.${authority}${path}${query}`),
      'A host that ends in the registered one': () => attempt(`${scheme}://proofkey-audit${authority}${path}${query}`),
    })
  },
}
