import type { AuditCheck } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial, partsOf } from './try-redirect-uri.js'

export const redirectUriOtherHost: AuditCheck = {
  id: 'redirect-uri-other-host',
  title: 'The browser is never sent to another host than the registered one',
  severity: 'high',
  sources: [rfc(9700, '2.1'), rfc(9700, '4.1.3'), rfc(9700, '4.11.2'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'Authorization requests whose redirect URI is at another host, or at one that looks like the registered one.',
  why: 'The code that signs a person in goes where this address leads. An attacker who can choose it gets the code with one click of the person on a link.',
  repair: 'Compare redirect_uri with the registered ones as a whole string, and show an error page if none is equal.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, path, query, isHttp } = partsOf(redirectUri)
    const attempt = createRedirectTrial(context)
    if (!isHttp) return tryVariants({ 'Another host': () => attempt('https://attacker.invalid/callback') })
    const host = authority.replace(/:\d*$/, '')
    const at = (other: string) => () => attempt(`${scheme}://${other}${path}${query}`)
    return tryVariants({
      'Another host': at('attacker.invalid'),
      'The registered host as the beginning of another': at(`${host}.attacker.invalid`),
      'The registered host as user info': at(`${host}@attacker.invalid`),
      'The registered URI as a parameter': () =>
        attempt(`${scheme}://attacker.invalid/?${encodeURIComponent(redirectUri)}`),
    })
  },
}
