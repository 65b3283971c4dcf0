import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { asvs, rfc } from '../../sources.js'

export const pkceMethodsListed: AuditCheck = {
  id: 'pkce-methods-listed',
  title: 'The metadata lists S256 as the only PKCE method',
  severity: 'medium',
  sources: [rfc(9700, '2.1.1'), rfc(7636, '4.2'), asvs('V10.4.6')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads code_challenge_methods_supported.',
  why: 'Apps decide by this list how they protect a sign-in. With a weak method in it, an attacker can ask for the weak one.',
  repair: 'Support S256 only, and list it in code_challenge_methods_supported.',
  async run({ metadata }) {
    const listed = metadata['code_challenge_methods_supported']
    if (!Array.isArray(listed) || !listed.length)
      return inconclusive('The metadata does not say which PKCE methods the server supports.')
    if (!listed.includes('S256')) return fail(`It lists ${listed.join(', ')}, without S256.`)
    const weak = listed.filter((method) => method !== 'S256')
    return weak.length ? fail(`Besides S256 it lists ${weak.join(', ')}.`) : pass('It lists S256 only.')
  },
}
