import type { EventBody } from '../events.js'
import { type AuthorizationRequest, beginAuthorization } from '../protocol/authorize/begin.js'
import { omitLongHints, omittedHint } from '../protocol/hints.js'

/**
 * Builds authorization requests; one with `prompt=none` names the user of the session by `id_token_hint`, as OpenID Connect
 * Core §3.1.2.1 asks for and some servers require. The app's own `id_token_hint` stays as it is; an empty one sends none.
 * A hint that would make the URL too long is left out, unless the request is pushed.
 */
export const beginWithIdTokenHint =
  (idToken: () => string | undefined, report: (event: EventBody) => void): typeof beginAuthorization =>
  async (server, request: AuthorizationRequest & { readonly par?: unknown }) => {
    const own = request.prompt === 'none' ? { id_token_hint: idToken() ?? '' } : {}
    const additionalParameters: Record<string, string> = { ...own, ...request.additionalParameters }
    const { id_token_hint: idTokenHint } = additionalParameters
    const { url, transaction } = await beginAuthorization(server, { ...request, additionalParameters })
    if (!request.par) omitLongHints(url)
    const omitted = omittedHint(url, idTokenHint)
    if (omitted) report(omitted)
    return { url, transaction: { ...transaction, idTokenHint } }
  }
