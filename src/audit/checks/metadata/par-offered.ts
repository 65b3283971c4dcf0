import { type AuditCheck, pass, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const parOffered: AuditCheck = {
  id: 'par-offered',
  title: 'Apps can push authorization requests',
  severity: 'info',
  sources: [rfc(9126, '5'), asvs('V10.4.13'), fapi2('5.3.2.2')],
  sets: ['asvs-l3', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads pushed_authorization_request_endpoint and require_pushed_authorization_requests.',
  why: 'A request that goes through the address bar can be read and changed on the way. A pushed one goes from the app to the server directly.',
  repair: 'Support pushed authorization requests (RFC 9126), and require them where all apps can push.',
  async run({ metadata }) {
    if (typeof metadata['pushed_authorization_request_endpoint'] !== 'string')
      return warning('The metadata has no pushed_authorization_request_endpoint.')
    return metadata['require_pushed_authorization_requests'] === true
      ? pass('They are required.')
      : pass('They are offered; the server does not say that they are required of every app.')
  },
}
