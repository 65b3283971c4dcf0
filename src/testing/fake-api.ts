import type { SignInRequirements } from '../errors.js'
import type { TestGrant } from './server/issued.js'

/** Answers the requests of the app under test for its APIs. `grant` is what the access token stands for. */
export type ApiHandler = (request: Request, grant: TestGrant | undefined) => Response | Promise<Response>

/** What an API demands of the user's authentication (RFC 9470 §3). */
export type AuthenticationDemand = Pick<SignInRequirements, 'acrValues' | 'maxAgeSeconds'>

/** Whether a sign-in meets a demand, as an API judges it. */
export function meets(
  { acr, authTimeSeconds }: Pick<TestGrant, 'acr' | 'authTimeSeconds'>,
  { acrValues, maxAgeSeconds }: AuthenticationDemand,
): boolean {
  if (acrValues !== undefined && !acrValues.split(' ').includes(acr ?? '')) return false
  return maxAgeSeconds === undefined || Date.now() / 1000 - authTimeSeconds <= maxAgeSeconds
}

/** The response of an API that demands another sign-in (RFC 9470 §3). */
export function stepUpChallenge({ acrValues, maxAgeSeconds }: AuthenticationDemand): Response {
  const challenge = [
    'Bearer error="insufficient_user_authentication"',
    ...(acrValues === undefined ? [] : [`acr_values="${acrValues}"`]),
    ...(maxAgeSeconds === undefined ? [] : [`max_age="${maxAgeSeconds}"`]),
  ]
  return new Response(null, { status: 401, headers: { 'www-authenticate': challenge.join(', ') } })
}

/** Without a handler, an API has nothing. */
export const nothingThere: ApiHandler = () => new Response('Not found', { status: 404 })
