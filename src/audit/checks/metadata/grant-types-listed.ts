import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { listed } from './documents.js'

export const grantTypesListed: AuditCheck = {
  id: 'grant-types-listed',
  title: 'Neither the implicit nor the password grant is offered',
  severity: 'low',
  sources: [rfc(9700, '2.1.2'), rfc(9700, '2.4'), asvs('V10.4.4'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads grant_types_supported.',
  why: 'With the password grant, apps see people’s passwords; with the implicit grant, tokens travel in addresses. What is not offered at all cannot be switched on for an app by mistake.',
  repair: 'Switch off implicit and password, and remove them from grant_types_supported.',
  async run({ metadata }) {
    const types = listed(metadata, 'grant_types_supported')
    if (!types)
      return inconclusive(
        'The metadata has no grant_types_supported; by RFC 8414 that means authorization_code and implicit.',
      )
    const found = types.filter((type) => type === 'implicit' || type === 'password')
    return found.length ? warning(`It lists ${found.join(' and ')}.`) : pass(`It lists ${types.join(', ')}.`)
  },
}
