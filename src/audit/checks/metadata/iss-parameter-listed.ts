import { type AuditCheck, pass, warning } from '../../check.js'
import { fapi2, rfc } from '../../sources.js'

export const issParameterListed: AuditCheck = {
  id: 'iss-parameter-listed',
  title: 'The metadata says that answers carry the issuer',
  severity: 'low',
  sources: [rfc(9207, '3'), rfc(9700, '4.4.2'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads authorization_response_iss_parameter_supported.',
  why: 'An app that works with several servers must know which one answered. Without this name in the answer, a dishonest server can make the app hand it another server’s code.',
  repair: 'Send iss in every authorization response, and set authorization_response_iss_parameter_supported to true.',
  async run({ metadata }) {
    return metadata['authorization_response_iss_parameter_supported'] === true
      ? pass('It does.')
      : warning('authorization_response_iss_parameter_supported is not true.')
  },
}
