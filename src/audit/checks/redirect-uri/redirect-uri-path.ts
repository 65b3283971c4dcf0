import type { AuditCheck } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial, partsOf } from './try-redirect-uri.js'

export const redirectUriPath: AuditCheck = {
  id: 'redirect-uri-path',
  title: 'The browser is not sent to other paths of the registered host',
  severity: 'high',
  sources: [rfc(9700, '2.1'), rfc(9700, '4.1.3'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends:
    'Authorization requests whose redirect URI has a longer path, another path, or encoded dots that leave the path.',
  why: 'Some other page of the app may pass on what is in its address: to a site it links to, or by a redirect. The code that signs a person in then ends up there.',
  repair: 'Compare redirect_uri with the registered ones as a whole string; compare no beginnings and no patterns.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, path, query, isHttp } = partsOf(redirectUri)
    const attempt = createRedirectTrial(context)
    if (!isHttp)
      return tryVariants({
        'A longer path': () => attempt(`${redirectUri}/proofkey-audit`),
        'A longer last part': () => attempt(`${redirectUri}-proofkey-audit`),
      })
    const at = (other: string) => () => attempt(`${scheme}://${authority}${other}${query}`)
    const folder = path.replace(/\/$/, '')
    return tryVariants({
      'A longer path': at(`${folder}/proofkey-audit`),
      'A longer last part': at(`${folder || '/'}-proofkey-audit`),
      'Another path': at('/proofkey-audit'),
      Dots: at(`${folder}/../proofkey-audit`),
      'Encoded dots': at(`${folder}/%2e%2e/proofkey-audit`),
      'Encoded dots and slash': at(`${folder}/..%2fproofkey-audit`),
    })
  },
}
