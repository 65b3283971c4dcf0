import { fail, inconclusive, notApplicable, pass, type Verdict } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import type { Changes } from '../../run/requests.js'
import { asksForIdToken, idTokenClaims, NO_ID_TOKEN } from './id-token.js'

/** By so much, in seconds, a second sign-in must be later to be told from the first. */
const APART_SECONDS = 3

/** Whether a request makes a person who is signed in already sign in once more, by the time that the server states. */
export async function signsInAgain(context: AuditContext, changes: Changes): Promise<Verdict> {
  if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
  const before = await idTokenClaims(context, { max_age: '86400' })
  const [first, issuedAt] = [before['auth_time'], before['iat']]
  if (typeof first !== 'number' || typeof issuedAt !== 'number')
    return inconclusive('The ID token does not say when the person signed in.')
  // The server's own clock: `iat` is its time of now.
  const wait = first + APART_SECONDS - issuedAt
  if (wait > 0) await context.sleep(wait)
  const { auth_time: second } = await idTokenClaims(context, changes)
  if (typeof second !== 'number') return inconclusive('The second ID token does not say when the person signed in.')
  return second > first
    ? pass('The person had to sign in again.')
    : fail('It answered from the old sign-in, without asking the person.')
}
