import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import { codeOf, describe } from '../../run/outcomes.js'
import { asvs, oidcLogout } from '../../sources.js'

export const logoutAsksFirst: AuditCheck = {
  id: 'logout-asks-first',
  title: 'A link alone does not sign a person out',
  severity: 'low',
  sources: [oidcLogout('2'), oidcLogout('6'), asvs('V10.6.2')],
  sets: ['asvs-l2', 'asvs-l3'],
  needs: { client: 'any', signIn: true, metadata: ['end_session_endpoint'] },
  sends:
    'The signed-in browser to the end_session_endpoint, without any parameter; then it looks whether the session is still there.',
  why: 'Any site can make a browser open a link or a picture. Where that signs people out of everything, anyone can keep them from working.',
  repair: 'Ask the person first, unless the request has an id_token_hint of the current session.',
  async run(context) {
    await context.code()
    const before = await silently(context)
    if (!before.signedIn)
      return inconclusive(
        `Whether somebody is signed in cannot be told here: prompt=none gave no code (${before.said}).`,
      )
    const request = await context.authorizationRequest()
    const url = new URL(context.endpoint('end_session_endpoint'))
    const left = await context.visit({ ...request, url }, true, { staysThere: true })
    if (left.at === 'unknown') return inconclusive(`The sign-out page was not seen: ${left.why}.`)
    const after = await silently(context)
    if (after.signedIn) return pass('The person is still signed in.')
    return after.error === 'login_required'
      ? fail('The person was signed out without being asked.')
      : inconclusive(`Whether the person is still signed in could not be told (${after.said}).`)
  },
}

async function silently(context: AuditContext) {
  const request = await context.authorizationRequest({ prompt: 'none' })
  const arrival = await context.authorize(request)
  return {
    signedIn: codeOf(arrival, request) !== undefined,
    error: arrival.at === 'callback' ? arrival.parameters.get('error') : undefined,
    said: describe(arrival),
  }
}
