import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { listed } from './documents.js'

export const responseTypesListed: AuditCheck = {
  id: 'response-types-listed',
  title: 'No response type that puts tokens into the address bar is offered',
  severity: 'low',
  sources: [rfc(9700, '2.1.2'), asvs('V10.4.4'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads response_types_supported.',
  why: 'With these response types, tokens travel in addresses, where history, logs and other scripts see them. Most servers switch them per app; what is not offered at all cannot be switched on by mistake.',
  repair: 'Offer the response type code only.',
  async run({ metadata }) {
    const types = listed(metadata, 'response_types_supported')
    if (!types) return inconclusive('The metadata has no response_types_supported.')
    const found = types.filter((type) => /(^| )(token|id_token)( |$)/.test(type))
    return found.length
      ? warning(`It lists ${found.map((type) => `“${type}”`).join(', ')}.`)
      : pass(`It lists ${types.join(', ')}.`)
  },
}
