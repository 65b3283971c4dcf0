import { type AuditCheck, notApplicable, pass, warning } from '../../check.js'
import { fapi2, rfc } from '../../sources.js'

/** Half a year: shorter ones end before some people come back. */
const LEAST_SECONDS = 15_768_000

export const strictTransportSecurity: AuditCheck = {
  id: 'strict-transport-security',
  title: 'Browsers never go to the sign-in over plain http',
  severity: 'low',
  sources: [rfc(6797, '7.1'), fapi2('5.2.3')],
  sets: ['fapi2'],
  needs: {},
  sends: 'A request to the authorization endpoint; it reads Strict-Transport-Security.',
  why: 'A first visit over plain http can be diverted before the server redirects it to https. With this header, browsers that were there once go to https at once.',
  repair: 'Send Strict-Transport-Security: max-age=31536000; includeSubDomains with each answer.',
  async run(context) {
    const url = new URL(context.endpoint('authorization_endpoint'))
    if (url.protocol !== 'https:') return notApplicable('The server speaks http, where browsers ignore the header.')
    const { headers } = await context.send({ url: url.href, navigation: true })
    const header = headers.get('strict-transport-security')
    if (header === null)
      return warning(`${url.host} does not send it. If its domain is in the preload list of browsers, that is enough.`)
    const seconds = Number(/(?:^|;)\s*max-age\s*=\s*"?(\d+)/i.exec(header)?.[1] ?? 0)
    return seconds >= LEAST_SECONDS
      ? pass(`It is ${header}.`)
      : warning(`It is ${header}, which is less than half a year.`)
  },
}
