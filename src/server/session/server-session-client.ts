import type { ProofkeyEvent, Subscribe } from '../../events.js'
import type { StartOptions } from '../../flow/flow.js'
import type { Session } from '../../session/session-record.js'
import type { GetAccessTokenOptions } from '../../session/token-source.js'
import type { SignOutOptions } from '../server-sign-out.js'
import type { ForwardTarget } from './forward-target.js'

/** What a request's session is. */
export interface ServerSessionResult {
  /** Undefined if no user is signed in. It contains no token. */
  readonly session: Session | undefined
  /** When it ends by a limit if it is not used; milliseconds since the epoch, `Infinity` without a limit. */
  readonly endsAtMs: number
  /** Headers to add to the response (`Set-Cookie`), if there are any. */
  readonly headers: Headers
}

/** Signs users in and keeps their sessions on the server: the browser has a cookie, no token (RFC 10017 §6.1). */
export interface ServerSessionClient {
  /**
   * Serves the endpoints, by path:
   * - `GET {path}/sign-in?returnTo=`: starts a sign-in; `acr_values` and `max_age` can make it stricter.
   * - the path of `redirectUri`: completes it, and redirects to `returnTo`.
   * - `GET {path}/session`: the session as JSON, `{ session: { claims, scope, startedAtMs, endsAtMs } }` or
   *   `{ session: null }`. It does not count as use of the session.
   * - `POST {path}/sign-out?returnTo=`: signs out, here and at the server; only a form of this origin can.
   * - the path of `postLogoutRedirectUri`, with a `state`: the return from the server's sign-out. It redirects to `returnTo`.
   * - `POST {path}/back-channel-logout`, with a store that can end sessions.
   *
   * It throws no `ProofkeyError`: see `errorResponse`.
   * @returns undefined if the request is for none of them
   */
  handle(request: Request): Promise<Response | undefined>
  /**
   * The session of a request. It counts as use of the session, unless `background` is true: pass that for what the page
   * requests without its user, for example when it polls.
   * @throws `storage_unavailable`: it is not known whether a user is signed in; `retryable`
   */
  session(request: Request, options?: { readonly background?: boolean | undefined }): Promise<ServerSessionResult>
  /**
   * `fetch` with the session's access token for the origins in `apis`, refreshed if necessary, like the `fetch` of
   * `createApiFetch`. It returns the headers for your own response beside the API's: with `sealedCookieSessions` they contain
   * the refreshed tokens, and must not get lost.
   * @throws the errors of `createApiFetch`, with `headers`. `error.signIn()` returns the `Response` that starts the sign-in
   * that the API requires
   */
  fetch(
    request: Request,
    ...target: Parameters<typeof globalThis.fetch>
  ): Promise<{ readonly response: Response; readonly headers: Headers }>
  /**
   * A valid access token of the session, for clients other than `fetch`. Do not send it to the browser.
   * @throws `login_required`, `timeout`, and the errors of the token request; with `headers`
   */
  getAccessToken(
    request: Request,
    options?: GetAccessTokenOptions,
  ): Promise<{ readonly accessToken: string; readonly headers: Headers }>
  /**
   * Forwards a request of the app's own pages to an API in `apis`, with the session's access token, and streams both bodies.
   * The page's request needs the header `x-proofkey`, with any value: other sites cannot send it. It counts as use of the
   * session. Errors are JSON responses, and events `forward_failed`: 401 if no user is signed in, or if the session has just
   * ended; 401 for `step_up_required` and 403 for `insufficient_scope`, with `requirements`; otherwise see `forward_refused`,
   * `network_error`, `timeout`.
   * @throws `config_invalid` if the target is wrong
   */
  forward(request: Request, target: ForwardTarget): Promise<Response>
  /** Starts a sign-in, like that of `createServerClient`. With `scope`, what the session has been granted is requested too. */
  signIn(request: Request, options?: StartOptions): Promise<Response>
  /**
   * Signs out: ends the session on all servers, revokes its tokens, then redirects to the server's sign-out. A failed step does
   * not stop the others (events `revocation_failed`, `sign_out_failed`). A request that no page of this origin has sent gets
   * 403, and changes nothing.
   */
  signOut(request: Request, options?: Pick<SignOutOptions, 'returnTo' | 'logoutHint' | 'uiLocales'>): Promise<Response>
  /** Loads the server's metadata in advance. */
  preload(): Promise<void>
  readonly subscribe: Subscribe<ProofkeyEvent>
}
