import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import { describeResponse } from '../../run/outcomes.js'
import { rfc } from '../../sources.js'
import { noStore } from './no-store.js'

export const tokenErrorNoStore: AuditCheck = {
  id: 'token-error-no-store',
  title: 'Errors of the token endpoint are kept in no cache',
  severity: 'info',
  sources: [rfc(6749, '5.2')],
  sets: [],
  needs: {},
  sends: 'A token request with an invented code, of no client.',
  why: 'An error that a cache keeps may reach another app, or the same one again later. Sign-ins then fail for no reason that anybody can see.',
  repair: 'Send Cache-Control: no-store with each answer of the token endpoint.',
  async run(context) {
    const response = await context.send({
      url: context.endpoint('token_endpoint'),
      body: new URLSearchParams({ grant_type: 'authorization_code', code: randomToken() }),
    })
    if (response.status < 400 || response.status >= 500)
      return inconclusive(`It answered with ${describeResponse(response)}.`)
    return noStore(response) ? pass('Cache-Control is no-store.') : warning('Cache-Control is not no-store.')
  },
}
