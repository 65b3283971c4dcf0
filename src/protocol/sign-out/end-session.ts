import { ProofkeyError } from '../../errors.js'
import { endpoint, type InsecureSwitch } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'

/** What a server is told that ends its own session (OpenID Connect RP-Initiated Logout 1.0 §2). */
export interface EndSessionRequest {
  readonly clientId: string
  /** An ID token of the session, also an expired one. Without it the server may ask the person. It travels in the URL. */
  readonly idTokenHint?: string | undefined
  /** Where the server sends the person back to, exactly as registered. */
  readonly postLogoutRedirectUri?: string | undefined
  /** Comes back with the person; not sent where nobody comes back. */
  readonly state?: string | undefined
  readonly logoutHint?: string | undefined
  /** Space-separated BCP 47 tags. */
  readonly uiLocales?: string | undefined
  readonly insecure?: InsecureSwitch | undefined
}

/**
 * The URL at which the server ends its session with the person (OpenID Connect RP-Initiated Logout 1.0 §2).
 * @returns undefined where the server has no such endpoint: the sign-out is then the client's own
 * @throws `endpoint_refused`
 */
export function endSessionUrl(
  server: Pick<ServerMetadata, 'end_session_endpoint'>,
  request: EndSessionRequest,
): URL | undefined {
  if (server.end_session_endpoint == null) return undefined
  const url = new URL(endpoint(server, 'end_session_endpoint', request.insecure))
  const parameters = {
    client_id: request.clientId,
    id_token_hint: request.idTokenHint,
    post_logout_redirect_uri: request.postLogoutRedirectUri,
    state: request.postLogoutRedirectUri && request.state,
    logout_hint: request.logoutHint,
    ui_locales: request.uiLocales,
  }
  for (const [name, value] of Object.entries(parameters)) if (value) url.searchParams.set(name, value)
  return url
}

/** The `state` that comes back from a sign-out is good once, and only where it was started. */
export const unknownSignOut = (): ProofkeyError =>
  new ProofkeyError('unknown_state', 'No sign-out waits here for this state.', 'Go on: nobody was signed in.')
