import { randomToken } from '../../../crypto/random.js'
import type { AuditCheck } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { rfc } from '../../sources.js'

export const assertionSubject: AuditCheck = {
  id: 'assertion-subject',
  title: 'An assertion about another client is refused',
  severity: 'high',
  sources: [rfc(7523, '3'), rfc(9700, '2.5')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends: 'Assertions with the key of the client that name another client as sub, or as iss.',
  why: 'One app could write a letter in the name of another one and sign it with its own key. If the server looks at one name and checks the key of the other, apps can act for each other.',
  repair:
    'Require iss and sub of an assertion to be the client_id whose key is used; refuse others with invalid_client.',
  run: (context) =>
    tryAssertions(context, (assert) => {
      const other = context.clients.find((client) => client !== context.client())?.clientId ?? randomToken()
      return {
        'an assertion about another client': () => redeemWith(context, assert({ claims: { sub: other } })),
        'an assertion in the name of another client': () => redeemWith(context, assert({ claims: { iss: other } })),
        'an assertion without iss': () => redeemWith(context, assert({ claims: { iss: undefined } })),
      }
    }),
}
