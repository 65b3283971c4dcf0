import { type AuditCheck, pass, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { listed } from './documents.js'

export const senderConstraintOffered: AuditCheck = {
  id: 'sender-constraint-offered',
  title: 'Tokens can be bound to a key of the app',
  severity: 'info',
  sources: [rfc(9700, '2.2.1'), rfc(9449, '5.1'), rfc(8705, '3.3'), asvs('V10.4.14'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l3', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads dpop_signing_alg_values_supported and tls_client_certificate_bound_access_tokens.',
  why: 'A token that is not bound works for everyone who gets hold of it. A bound one is worth nothing without the app’s key.',
  repair: 'Support DPoP (RFC 9449) or certificate-bound tokens (RFC 8705).',
  async run({ metadata }) {
    const offered = [
      ...(listed(metadata, 'dpop_signing_alg_values_supported') ? ['DPoP'] : []),
      ...(metadata['tls_client_certificate_bound_access_tokens'] === true ? ['mutual TLS'] : []),
    ]
    return offered.length
      ? pass(`It offers ${offered.join(' and ')}.`)
      : warning('It offers neither DPoP nor mutual TLS.')
  },
}
