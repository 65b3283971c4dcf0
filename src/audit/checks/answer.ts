import type { AuditContext } from '../run/context.js'
import type { HttpResponse } from '../run/http.js'
import type { AuthorizationRequest, Changes } from '../run/requests.js'

/** What an authorization request that is sent without a browser, so without a session, came to. */
export interface Answer {
  readonly request: AuthorizationRequest
  readonly response: HttpResponse
  /** Where it sends the browser, if that is one of the redirect URIs that were asked about. */
  readonly to: URL | undefined
  /** Which of them. */
  readonly redirectUri: string | undefined
  /** What it sends there, from the query or the fragment. */
  readonly parameters: URLSearchParams
  /** It answered with an error of its own: status 4xx. */
  readonly refused: boolean
}

/**
 * Sends an authorization request as a browser without cookies would; the person sees nothing of it.
 * @param redirectUris the URIs that count as an answer, the first that fits; default: the request's own
 */
export async function ask(
  context: AuditContext,
  changes: Changes = {},
  redirectUris?: readonly string[],
): Promise<Answer> {
  const request = await context.authorizationRequest(changes)
  const response = await context.send({ url: request.url.href, navigation: true })
  const { location, status } = response
  const redirects = status >= 300 && status < 400
  const redirectUri =
    location && redirects ? (redirectUris ?? [request.redirectUri]).find((uri) => leadsTo(location, uri)) : undefined
  const to = redirectUri === undefined ? undefined : location
  return {
    request,
    response,
    to,
    redirectUri,
    parameters: parametersOf(to),
    refused: status >= 400 && status < 500,
  }
}

const parametersOf = (url: URL | undefined): URLSearchParams => {
  const parameters = new URLSearchParams(url?.search)
  for (const [name, value] of new URLSearchParams(url?.hash.slice(1))) parameters.append(name, value)
  return parameters
}

/** Whether a URL is where a redirect URI leads to, whatever was added as parameters. */
export function leadsTo(url: URL, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false
  const to = new URL(redirectUri)
  return (
    url.protocol === to.protocol &&
    url.host === to.host &&
    url.username === to.username &&
    url.pathname === to.pathname &&
    [...to.searchParams].every(([name, value]) => url.searchParams.getAll(name).includes(value)) &&
    // `#x?error=…` and `?error=…#x` are both seen.
    url.hash.startsWith(to.hash)
  )
}
