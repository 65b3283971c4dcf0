import { type AuditCheck, fail, notApplicable, pass } from '../../check.js'
import { oidc, rfc } from '../../sources.js'
import { asksForIdToken, idTokenClaims, NO_ID_TOKEN } from './id-token.js'

export const authTimeReported: AuditCheck = {
  id: 'auth-time-reported',
  title: 'The ID token says when the person signed in, if asked',
  severity: 'low',
  sources: [oidc('2'), oidc('3.1.2.1'), rfc(9470, '5')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'An honest sign-in with max_age=86400.',
  why: 'Before something important, an app asks for a person who signed in a short time ago. Without the time it cannot tell whether the server did as asked.',
  repair: 'Put auth_time, in seconds, into the ID token if the request has max_age.',
  async run(context) {
    if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
    const { auth_time: time } = await idTokenClaims(context, { max_age: '86400' })
    return typeof time === 'number' ? pass('auth_time is there.') : fail('auth_time is missing or no number.')
  },
}
