import type { AuditCheck } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { createRedirectTrial } from './try-redirect-uri.js'

export const redirectUriQuery: AuditCheck = {
  id: 'redirect-uri-query',
  title: 'No parameters can be added to the redirect URI',
  severity: 'medium',
  sources: [rfc(9700, '2.1'), rfc(9700, '4.1.3'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: 'Authorization requests whose redirect URI has one more parameter, among them one that is named code.',
  why: 'An attacker’s parameters reach the app’s callback page together with the answer. They can change what the page does, for example where it goes next or which code it takes.',
  repair: 'Compare redirect_uri as a whole string, query included; apps keep their own values in state.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const attempt = createRedirectTrial(context)
    const [base = redirectUri] = redirectUri.split('#')
    const added = (parameter: string) => () => attempt(`${base}${base.includes('?') ? '&' : '?'}${parameter}`)
    return tryVariants({ 'One more parameter': added('proofkey=audit'), 'A code': added('code=proofkey-audit') })
  },
}
