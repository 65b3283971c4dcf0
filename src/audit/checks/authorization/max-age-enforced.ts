import type { AuditCheck } from '../../check.js'
import { oidc, rfc } from '../../sources.js'
import { signsInAgain } from './signs-in-again.js'

export const maxAgeEnforced: AuditCheck = {
  id: 'max-age-enforced',
  title: 'With max_age, a person whose sign-in is older must sign in again',
  severity: 'medium',
  sources: [oidc('3.1.2.1'), rfc(9470, '5')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'An authorization request with max_age=1, some seconds after a sign-in; the person has to sign in again.',
  why: 'Apps ask for it before something important, so that nobody can use a computer that was left unlocked. Where the server ignores it, the app believes in a check that was none.',
  repair: 'Compare the age of the session with max_age, and ask the person to sign in if it is older.',
  run: (context) => signsInAgain(context, { max_age: '1' }),
}
