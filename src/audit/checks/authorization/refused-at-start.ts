import { fail, inconclusive, pass, type Verdict } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import type { Changes } from '../../run/requests.js'
import { type Answer, ask } from '../answer.js'
import { type Walked, walk } from '../walk.js'

/** The errors by which a server says that all is well but for a person who is signed in (OpenID Connect Core §3.1.2.6). */
const WAITS_FOR_PERSON = /^(login_required|interaction_required|account_selection_required|consent_required)$/

export const waitsForPerson = ({ to, parameters }: Answer): boolean =>
  !!to && WAITS_FOR_PERSON.test(parameters.get('error') ?? '')

/**
 * Whether the server refuses a request before it asks a person for anything. A refusal counts only if the same request
 * without the changes is not refused.
 * @param accepted the verdict where it goes on
 */
export async function refusedAtStart(
  context: AuditContext,
  changes: Changes,
  accepted: (observed: string) => Verdict = fail,
): Promise<Verdict> {
  // With prompt=none, most servers tell without a page.
  const honest = await ask(context, { prompt: 'none' })
  const changed = await ask(context, { ...changes, prompt: 'none' })
  if (waitsForPerson(changed)) return accepted(`it goes on to the sign-in (${changed.parameters.get('error')}).`)
  if (waitsForPerson(honest)) {
    const error = changed.parameters.get('error')
    if (error) return pass(`refused (${error.slice(0, 60)}).`)
    if (changed.refused) return pass(`refused (status ${changed.response.status}).`)
  }
  return comparePages(
    await walk(context, await context.authorizationRequest()),
    await walk(context, await context.authorizationRequest(changes)),
    accepted,
  )
}

/** Both without a browser and without prompt=none: the honest request must end at the sign-in page. */
function comparePages(honest: Walked, changed: Walked, accepted: (observed: string) => Verdict): Verdict {
  if (honest.atRedirectUri || honest.page.status !== 200)
    return inconclusive('an honest request showed no sign-in page without a browser.')
  if (changed.atRedirectUri) {
    const { url } = changed
    const error = url.searchParams.get('error') ?? new URLSearchParams(url.hash.slice(1)).get('error')
    return error ? pass(`refused (${error.slice(0, 60)}).`) : accepted('it sent the browser back without an error.')
  }
  const { status, text } = changed.page
  if (status >= 400 && status < 500) return pass(`refused (status ${status}).`)
  const asksForPassword = /<input[^>]+type=["']?password/i
  if (status === 200 && asksForPassword.test(text) && asksForPassword.test(honest.page.text))
    return accepted('it showed the sign-in page.')
  if (status === 200 && text === honest.page.text) return accepted('it showed the page that an honest request gets.')
  return inconclusive('it showed a page; whether that is a refusal could not be told.')
}
