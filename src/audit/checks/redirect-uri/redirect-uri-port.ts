import { type AuditCheck, fail, notApplicable, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial, partsOf } from './try-redirect-uri.js'

export const redirectUriPort: AuditCheck = {
  id: 'redirect-uri-port',
  title: 'The browser is not sent to another port, except of the own machine',
  severity: 'medium',
  sources: [rfc(9700, '2.1'), rfc(8252, '7.3'), rfc(8252, '8.3'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'An authorization request whose redirect URI has another port.',
  why: 'Another port is another program, which may belong to somebody else. Only apps that people install need a free port, and only on the person’s own machine.',
  repair: 'Compare the port as well, except for http://127.0.0.1 and http://[::1].',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, path, query, isHttp } = partsOf(redirectUri)
    if (!isHttp) return notApplicable(`The redirect URI ${redirectUri} has no port.`)
    const host = authority.replace(/:\d*$/, '')
    if (/^(127\.0\.0\.1|\[::1])$/.test(host))
      return notApplicable(`The redirect URI is at ${host}, where the port is free (RFC 8252 §7.3).`)
    const attempt = createRedirectTrial(context)
    const port = authority.endsWith(':8443') ? '9443' : '8443'
    return tryVariants({
      'Another port': async () => {
        const verdict = await attempt(`${scheme}://${host}:${port}${path}${query}`)
        if (verdict.result !== 'fail') return verdict
        return /^localhost$/i.test(host)
          ? warning(
              `${verdict.observed} The port is free for 127.0.0.1 and [::1]; the name localhost can lead elsewhere.`,
            )
          : fail(verdict.observed)
      },
    })
  },
}
