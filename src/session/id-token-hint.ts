import type { EventBody } from '../events.js'
import { beginAuthorization } from '../protocol/authorize/begin.js'
import { omitLongHints, omittedHint } from '../protocol/hints.js'

interface HintSource {
  /** The ID token of the session, if it has one. */
  readonly idToken: () => string | undefined
  /** `Infinity` where the request is pushed and not in a URL. Default 4000. */
  readonly maxUrlBytes: number | undefined
  readonly report: (event: EventBody) => void
}

/**
 * Builds authorization requests; one with `prompt=none` names the user of the session by `id_token_hint`, as OpenID Connect
 * Core §3.1.2.1 asks for and some servers require. The app's own `id_token_hint` stays as it is.
 */
export const beginWithIdTokenHint =
  ({ idToken, maxUrlBytes, report }: HintSource): typeof beginAuthorization =>
  async (server, request) => {
    const given = request.additionalParameters
    const hint = request.prompt === 'none' && given?.['id_token_hint'] === undefined ? idToken() : undefined
    if (!hint) return beginAuthorization(server, request)
    const additionalParameters = { ...given, id_token_hint: hint }
    const { url, transaction } = await beginAuthorization(server, { ...request, additionalParameters })
    omitLongHints(url, maxUrlBytes)
    const omitted = omittedHint(url, hint)
    if (omitted) report(omitted)
    return { url, transaction: { ...transaction, idTokenHint: hint } }
  }
