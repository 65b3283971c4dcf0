import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { originOf } from './origin.js'

export const corsAuthorizationEndpoint: AuditCheck = {
  id: 'cors-authorization-endpoint',
  title: 'Scripts cannot read the authorization endpoint',
  severity: 'low',
  sources: [rfc(9700, '2.6')],
  sets: ['rfc9700'],
  needs: { client: 'any' },
  sends: 'An authorization request with the Origin of the app.',
  why: 'Only the browser itself goes to this address, with the person watching. A script that can read the answer can sign in behind the person’s back.',
  repair:
    'Send no Access-Control-Allow-Origin from the authorization endpoint; add CORS by endpoint, not for the whole server.',
  async run(context) {
    const { url, redirectUri } = await context.authorizationRequest()
    const origin = originOf(redirectUri)
    const { status, headers } = await context.send({ url: url.href, headers: { accept: 'text/html', origin } })
    if (status >= 500) return inconclusive(`It answered with status ${status}.`)
    const allowed = headers.get('access-control-allow-origin')
    return allowed === '*' || allowed === origin
      ? fail(`Access-Control-Allow-Origin is ${allowed}.`)
      : pass('It allows no origin.')
  },
}
