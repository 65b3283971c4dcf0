import { type AuditCheck, fail, inconclusive, pass, type Verdict } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import { describe } from '../../run/outcomes.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { ask } from '../answer.js'
import { tryVariants } from '../variants.js'
import { waitsForPerson } from './refused-at-start.js'

const RESPONSE_TYPES = ['token', 'id_token token', 'code token', 'code id_token token']

/** Errors that are about the response type; any other may be about something else. */
const REFUSES = /^(unsupported_response_type|unauthorized_client|invalid_request|access_denied)$/

export const implicitRefused: AuditCheck = {
  id: 'implicit-refused',
  title: 'No access token comes through the address bar',
  severity: 'medium',
  sources: [rfc(9700, '2.1.2'), asvs('V10.4.4'), fapi2('5.3.2.1')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends: `Authorization requests with each of the response types ${RESPONSE_TYPES.join(', ')}, listed in the metadata or not.`,
  why: 'A token in an address is seen by history, logs and other scripts. It cannot be bound to the app, so whoever reads it can use it.',
  repair: 'Switch off the implicit and the hybrid flow for the client; answer with unsupported_response_type.',
  run: (context) =>
    tryVariants(Object.fromEntries(RESPONSE_TYPES.map((type) => [`“${type}”`, () => tryResponseType(context, type)]))),
}

async function tryResponseType(context: AuditContext, type: string): Promise<Verdict> {
  const answer = await ask(context, { response_type: type, prompt: 'none' })
  const error = answer.parameters.get('error') ?? ''
  if (REFUSES.test(error)) return pass(`refused (${error}).`)
  if (answer.refused && !(await ask(context, { prompt: 'none' })).refused)
    return pass(`refused (status ${answer.response.status}).`)
  // A signed-in person shows whether it goes through.
  await context.code()
  const request = await context.authorizationRequest({ response_type: type })
  const arrival = await context.authorize(request, !waitsForPerson(answer))
  if (arrival.at !== 'callback') return inconclusive(`${describe(arrival)}.`)
  const token = arrival.parameters.get('access_token')
  if (token) {
    context.keep({ access_token: token })
    return fail('it gave an access token in the address.')
  }
  const refusal = arrival.parameters.get('error') ?? ''
  return REFUSES.test(refusal) ? pass(`refused (${refusal}).`) : inconclusive(`${describe(arrival)}.`)
}
