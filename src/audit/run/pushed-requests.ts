import { Inconclusive } from '../check.js'
import { type Reaction, seenWithoutSession } from './attempts.js'
import type { AuditContext } from './context.js'
import type { HttpResponse } from './http.js'
import { codeOf, describe, describeResponse } from './outcomes.js'
import type { AuthorizationRequest } from './requests.js'

/** What the pushed authorization request endpoint says about an attack. */
export function pushReaction({ status, json }: HttpResponse): Reaction['outcome'] {
  if (typeof json?.['request_uri'] === 'string') return 'accepted'
  return status >= 400 && status < 500 && typeof json?.['error'] === 'string' ? 'refused' : 'unclear'
}

/** An honest pushed request and the URL that uses it. */
export interface PushedRequest {
  readonly request: AuthorizationRequest
  readonly url: URL
  readonly response: HttpResponse
}

/** Pushes an honest request. @throws Inconclusive if the server gives no `request_uri` */
export async function pushed(context: AuditContext): Promise<PushedRequest> {
  const request = await context.authorizationRequest()
  const response = await context.push(request)
  const url = context.pushedUrl(request, response)
  if (url) return { request, url, response }
  throw new Inconclusive(`The server takes no honest pushed request (${describeResponse(response)}).`)
}

/** Uses a pushed request honestly. @throws Inconclusive if there is no code */
export async function signInPushed(context: AuditContext, { request, url }: PushedRequest): Promise<void> {
  const arrival = await context.visit({ ...request, url })
  if (!codeOf(arrival, request)) throw new Inconclusive(`An honest pushed request gave no code: ${describe(arrival)}.`)
}

/**
 * Visits a URL that a good server refuses. A code means that it was accepted.
 * @param twin for a pushed request: another one, to be refused for the same reason
 */
export async function visitReaction(
  context: AuditContext,
  request: AuthorizationRequest,
  url: URL,
  twin?: URL,
): Promise<Reaction> {
  const arrival = await context.visit({ ...request, url }, true, { twin })
  return codeOf(arrival, request)
    ? { outcome: 'accepted', detail: 'a code' }
    : seenWithoutSession(context, url, arrival)
}
