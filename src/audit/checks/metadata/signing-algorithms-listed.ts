import { type AuditCheck, fail, notApplicable, pass, warning } from '../../check.js'
import { fapi2, rfc } from '../../sources.js'
import { listed } from './documents.js'

const MEMBERS = ['id_token_signing_alg_values_supported', 'token_endpoint_auth_signing_alg_values_supported']

export const signingAlgorithmsListed: AuditCheck = {
  id: 'signing-algorithms-listed',
  title: 'ID tokens and client assertions are signed with keys only',
  severity: 'medium',
  sources: [rfc(8725, '3.1'), rfc(8725, '3.2'), rfc(9700, '2.5'), fapi2('5.4.1')],
  sets: ['rfc9700', 'fapi2'],
  needs: {},
  sends: `Nothing; it reads ${MEMBERS.join(' and ')}.`,
  why: 'A token without a signature can be written by anyone. One that is signed with a shared secret can be written by everyone who knows the secret, apps included.',
  repair: 'Offer PS256, ES256 or EdDSA (RS256 for ID tokens), and neither none nor HS256, HS384, HS512.',
  async run({ metadata }) {
    const found = MEMBERS.map((member) => ({ member, algorithms: listed(metadata, member) ?? [] }))
    if (found.every(({ algorithms }) => !algorithms.length))
      return notApplicable('The metadata lists no signing algorithms.')
    const text = (weak: RegExp) =>
      found
        .map(({ member, algorithms }) => ({ member, weak: algorithms.filter((algorithm) => weak.test(algorithm)) }))
        .filter(({ weak }) => weak.length)
        .map(({ member, weak }) => `${member} lists ${weak.join(', ')}.`)
        .join(' ')
    if (text(/^none$/i)) return fail(text(/^none$|^HS/i))
    const shared = text(/^HS/i)
    return shared ? warning(shared) : pass('It lists asymmetric algorithms only.')
  },
}
