import type { Arrival } from '../browser/browser.js'
import { fail, inconclusive, pass, type Verdict } from '../check.js'
import type { AuditClient } from '../client.js'
import type { AuditContext } from './context.js'
import type { HttpResponse } from './http.js'
import { codeOf, describe, describeResponse, hasTokens } from './outcomes.js'
import type { Changes, TokenRequestChanges } from './requests.js'
import { tryEach } from './try-each.js'

/** How the server reacted to an attack. `unclear`: neither accepted nor refused, for example a server error. */
export interface Reaction {
  readonly outcome: 'accepted' | 'refused' | 'unclear'
  /** In a few words. */
  readonly detail: string
}

/** Attacks of one kind by name. A name fits after "It gave tokens for" and after "It refused". */
export type Attacks = Readonly<Record<string, () => Promise<Reaction | HttpResponse>>>

/** Errors that say something about the moment, not about the request. */
const TRANSIENT = /^(server_error|temporarily_unavailable|slow_down|use_dpop_nonce)$/

/** Errors of an authorization request that a person, not the server's check, causes. */
const OF_THE_PERSON =
  /^(login_required|interaction_required|consent_required|account_selection_required|access_denied|server_error|temporarily_unavailable)$/

/** Whether this is an OAuth error about the request: the server looked at it and refused. */
export const isRefusal = ({ status, json }: HttpResponse): boolean =>
  status < 500 && typeof json?.['error'] === 'string' && !TRANSIENT.test(json['error'])

/** What a response of the token endpoint says about an attack. */
export function reactionOf(response: HttpResponse): Reaction {
  const detail = describeResponse(response)
  if (hasTokens(response)) return { outcome: 'accepted', detail }
  return { outcome: isRefusal(response) ? 'refused' : 'unclear', detail }
}

/** What an arrival without a code says about an attack. */
export function refusalAt(arrival: Arrival): Reaction {
  const detail = describe(arrival)
  const error = arrival.at === 'callback' ? arrival.parameters.get('error') : null
  const refused =
    (error !== null && !OF_THE_PERSON.test(error)) ||
    (arrival.at === 'page' && arrival.status !== undefined && isClientError(arrival.status))
  return { outcome: refused ? 'refused' : 'unclear', detail }
}

/** A status that blames the request; not one that asks to wait. */
export const isClientError = (status: number): boolean =>
  status >= 400 && status < 500 && ![408, 425, 429].includes(status)

/** Asks for a code with a changed authorization request and, if there is one, redeems it with a changed token request. */
export async function signInWith(
  context: AuditContext,
  authorization: Changes,
  token: TokenRequestChanges = {},
  by?: AuditClient,
): Promise<Reaction> {
  const request = await context.authorizationRequest(authorization, by)
  const arrival = await context.authorize(request, true)
  const code = codeOf(arrival, request)
  if (code) return reactionOf(await context.redeem(code, token))
  return seenWithoutSession(context, request.url, arrival)
}

/**
 * What an arrival without a code says about an attack. A browser that cannot see the server's page leaves it open: then the
 * answer that the same request gets without a session counts.
 */
export async function seenWithoutSession(context: AuditContext, url: URL, arrival: Arrival): Promise<Reaction> {
  const reaction = refusalAt(arrival)
  if (reaction.outcome === 'refused' || arrival.at !== 'page' || arrival.status !== undefined) return reaction
  // Where requests must be pushed, this URL was not what the browser visited.
  if (context.metadata['require_pushed_authorization_requests'] === true && !url.searchParams.has('request_uri'))
    return reaction
  const { status, location } = await context.send({ url: url.href, navigation: true })
  const error = location?.searchParams.get('error')
  const refused = isClientError(status) || (error && !OF_THE_PERSON.test(error))
  return refused ? { outcome: 'refused', detail: `status ${status}${error ? `, ${error}` : ''}` } : reaction
}

/**
 * Tries every attack. One that is accepted decides; otherwise one that is unclear does.
 * @param accepted begins the sentence about what was accepted
 * @param control throws `Inconclusive` if an honest request fails now, so that the refusals prove nothing
 */
export async function tryAll(
  attacks: Attacks,
  {
    accepted = 'It gave tokens for',
    result = fail,
    control,
  }: { accepted?: string; result?: (observed: string) => Verdict; control?: () => Promise<unknown> } = {},
): Promise<Verdict> {
  const tried = await tryEach(attacks, (reason) => ({ outcome: 'unclear' as const, detail: reason.replace(/\.$/, '') }))
  const list = (wanted: Reaction['outcome'], isDetailed = true) =>
    tried
      .map(([name, answer]) => ({ name, ...('outcome' in answer ? answer : reactionOf(answer)) }))
      .filter(({ outcome }) => outcome === wanted)
      .map(({ name, detail }) => (isDetailed ? `${name} (${detail})` : name))
      .join('; ')
  const [taken, unknown] = [list('accepted', false), list('unclear')]
  if (taken) return result(`${accepted} ${taken}.${unknown && ` It is not known about ${unknown}.`}`)
  if (unknown) return inconclusive(`It neither accepted nor refused ${unknown}.`)
  await control?.()
  return pass(`It refused ${list('refused')}.`)
}
