import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { listed } from './documents.js'

const ASYMMETRIC = ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']

export const clientAuthMethodsListed: AuditCheck = {
  id: 'client-auth-methods-listed',
  title: 'Apps can authenticate with a key instead of a shared secret',
  severity: 'low',
  sources: [rfc(9700, '2.5'), asvs('V10.4.16'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l3', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads token_endpoint_auth_methods_supported.',
  why: 'A shared secret lies in two places and is sent with each request, so it leaks more easily. A key never leaves the app.',
  repair: 'Support private_key_jwt or mutual TLS (tls_client_auth), and list it.',
  async run({ metadata }) {
    const methods = listed(metadata, 'token_endpoint_auth_methods_supported')
    if (!methods) return inconclusive('The metadata has no token_endpoint_auth_methods_supported.')
    const found = methods.filter((method) => ASYMMETRIC.includes(method))
    return found.length ? pass(`It lists ${found.join(', ')}.`) : warning(`It lists only ${methods.join(', ')}.`)
  },
}
