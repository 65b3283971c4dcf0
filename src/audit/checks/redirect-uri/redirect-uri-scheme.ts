import type { AuditCheck } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial, partsOf } from './try-redirect-uri.js'

export const redirectUriScheme: AuditCheck = {
  id: 'redirect-uri-scheme',
  title: 'The browser is not sent to another scheme',
  severity: 'high',
  sources: [rfc(9700, '2.1'), rfc(9700, '2.6'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends:
    'Authorization requests whose redirect URI has another scheme: http for https, an app’s own, data and javascript.',
  why: 'Over plain http, others on the network read the code; with an app’s own scheme, any installed app can take it. A javascript address can even run an attacker’s program in the sign-in page.',
  repair: 'Compare redirect_uri with the registered ones as a whole string, and register no other schemes than https.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, path, query, isHttp } = partsOf(redirectUri)
    const attempt = createRedirectTrial(context)
    const rest = redirectUri.replace(/^[^:]*:/, '')
    const other = scheme.toLowerCase() === 'https' ? 'http' : 'https'
    return tryVariants({
      ...(isHttp && { [other]: () => attempt(`${other}://${authority}${path}${query}`) }),
      'A scheme of an app': () => attempt(`invalid.proofkey-audit:${isHttp ? `//${authority}${path}${query}` : rest}`),
      data: () => attempt('data:text/plain,proofkey-audit'),
      javascript: () => attempt(`javascript:${isHttp ? `//${authority}${path}` : '//proofkey-audit'}`),
    })
  },
}
