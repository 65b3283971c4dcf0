import { ProofkeyError } from '../../errors.js'
import { endpointUrl, type InsecureSwitch } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { omitLongHints } from '../hints.js'
import type { Provider } from '../provider.js'

/** Parameters of the logout request (OpenID Connect RP-Initiated Logout 1.0 §2). */
export interface EndSessionRequest {
  readonly clientId: string
  /** An ID token of the session; it may be expired. Without it, the server may ask the user to confirm. It is part of the URL. */
  readonly idTokenHint?: string | undefined
  /** Where the server redirects to after the logout, exactly as registered. */
  readonly postLogoutRedirectUri?: string | undefined
  /** Returned to `postLogoutRedirectUri`; not sent without it. */
  readonly state?: string | undefined
  readonly logoutHint?: string | undefined
  /** Space-separated BCP 47 tags. */
  readonly uiLocales?: string | undefined
  readonly insecure?: InsecureSwitch | undefined
  /** How this server differs; it can name the parameters otherwise. */
  readonly provider?: Provider | undefined
  /**
   * `idTokenHint`, and then `logoutHint`, is left out of a URL that would be longer. Default 4000; many servers refuse a
   * request of 8 kB.
   */
  readonly maxUrlBytes?: number | undefined
}

/**
 * The URL of the logout request, to which the user is redirected (OpenID Connect RP-Initiated Logout 1.0 §2).
 * @returns undefined if the server has no `end_session_endpoint`; then only the app's own session can be ended
 * @throws `endpoint_refused`
 * @example
 * ```ts
 * import { discover, endSessionUrl } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const url = endSessionUrl(server, { clientId: 'my-app', postLogoutRedirectUri: 'https://app.example.com/' })
 * ```
 */
export function endSessionUrl(
  server: Pick<ServerMetadata, 'end_session_endpoint'>,
  request: EndSessionRequest,
): URL | undefined {
  if (!server.end_session_endpoint) return undefined
  const parameters = {
    client_id: request.clientId,
    id_token_hint: request.idTokenHint,
    post_logout_redirect_uri: request.postLogoutRedirectUri,
    state: request.postLogoutRedirectUri && request.state,
    logout_hint: request.logoutHint,
    ui_locales: request.uiLocales,
  }
  const url = endpointUrl(
    server,
    'end_session_endpoint',
    request.provider?.logout(parameters) ?? parameters,
    request.insecure,
  )
  omitLongHints(url, request.maxUrlBytes)
  return url
}

/** The `state` of a sign-out is accepted once, and only in the browser that started it. */
export const unknownSignOut = (): ProofkeyError =>
  new ProofkeyError(
    'unknown_state',
    'No sign-out with this state is pending in this browser.',
    'Ignore it, or sign out again if a user is still signed in.',
  )
