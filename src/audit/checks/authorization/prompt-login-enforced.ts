import type { AuditCheck } from '../../check.js'
import { oidc } from '../../sources.js'
import { signsInAgain } from './signs-in-again.js'

export const promptLoginEnforced: AuditCheck = {
  id: 'prompt-login-enforced',
  title: 'With prompt=login, a signed-in person must sign in again',
  severity: 'medium',
  sources: [oidc('3.1.2.1')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends:
    'An authorization request with prompt=login (and max_age, which makes the server state the time); the person has to sign in again.',
  why: 'Apps ask for it so that it is surely the right person who goes on. Where the server ignores it, whoever sits at the computer goes on.',
  repair: 'Ask the person to sign in, whatever the session, if the request has prompt=login.',
  run: (context) => signsInAgain(context, { prompt: 'login', max_age: '86400' }),
}
