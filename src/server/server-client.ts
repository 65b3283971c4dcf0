import type { ProofkeyEvent, Subscribe } from '../events.js'
import type { SignInResult, StartOptions } from '../flow/flow.js'
import type { Grant } from '../protocol/token/complete.js'
import type { ExchangeRequest } from '../protocol/token/exchange-at.js'
import type { RefreshOptions } from '../protocol/token/refresh.js'
import type { OnLogout } from './back-channel-logout.js'
import type { SignedOut, SignOutOptions } from './server-sign-out.js'

/** The result of a sign-in, and the headers to add to the response (`Set-Cookie`, `Cache-Control`). */
export interface ServerSignInResult extends SignInResult {
  /**
   * The other parameters of the callback, for example Apple's `user` (only at the first sign-in), Google's `hd`, Shopify's
   * `shop`. Nobody signed them, and the user can change them: they identify no one.
   */
  readonly callbackParameters: Readonly<Record<string, string>>
  readonly headers: Headers
}

/** A client of one authorization server, for server-side apps. */
export interface ServerClient {
  /**
   * Starts a sign-in: responds to a navigation with 303 to the authorization server, and a cookie. A prefetch, any other
   * fetch, and a cross-site frame or form get 403, so that no other site can start a sign-in without the user noticing.
   * `Sec-Fetch-Site` decides, or `Origin` if a browser does not send it. `returnTo` may have 800 bytes.
   * @throws `config_invalid`, `insecure_context`, `storage_unavailable`, `storage_full`, `client_auth_unsupported`,
   * `aborted`, and what discovery throws. Answer with the error's `headers` where it has any: they delete older sign-ins,
   * so that the next one has room.
   */
  signIn(request: Request, options?: StartOptions & { readonly signal?: AbortSignal | undefined }): Promise<Response>
  /**
   * Completes the sign-in of a callback request.
   * @throws a `ProofkeyError` with `headers` for the response: they delete the cookie or, if the error is `retryable`, set it
   * again. The codes are those of the browser's `handleCallback`.
   */
  handleCallback(request: Request, options?: { readonly signal?: AbortSignal | undefined }): Promise<ServerSignInResult>
  /**
   * Sends the token request for a browser client that has the verifier, with this client's authentication.
   * @throws the errors of the token request; see `handleCallback`
   */
  exchange(request: ExchangeRequest, options?: { readonly signal?: AbortSignal | undefined }): Promise<Grant>
  /**
   * The backend of `exchangeAt` in a browser: receives code and verifier, sends the token request with this client's
   * authentication, and responds with the result of `respond`. The configured checks (`scope` with `openid`,
   * `requiredScope`, `acrValues`, `maxAgeSeconds`, `resource`) always apply; the browser can only make them stricter. A token
   * response without `scope` does not satisfy `requiredScope` here, because this server does not know the requested scope
   * (RFC 6749 §5.1). `auth_time` may be 60 seconds older than `maxAgeSeconds` when the ID token is issued. For requests of
   * the same origin only; it sends no CORS header. Errors are sent as JSON, which `exchangeAt` converts back; errors of
   * `respond` are thrown.
   */
  handleExchange(request: Request, respond: (grant: Grant) => Response | Promise<Response>): Promise<Response>
  /** Sends a refresh request; see {@link refreshTokens}. */
  refresh(
    refreshToken: string,
    options?: Pick<
      RefreshOptions,
      'scope' | 'resource' | 'authorizationDetails' | 'previousClaims' | 'previousDetails' | 'signal'
    >,
  ): Promise<Grant>
  /** Revokes a token; see {@link revokeToken}. */
  revoke(
    token: string,
    options?: {
      readonly tokenTypeHint?: 'access_token' | 'refresh_token' | undefined
      readonly signal?: AbortSignal | undefined
    },
  ): Promise<void>
  /**
   * Ends the session at the authorization server: responds with 303 to its `end_session_endpoint` with `client_id`,
   * `id_token_hint` and a one-time `state`, stored like a sign-in (OpenID Connect RP-Initiated Logout 1.0). An ID token that
   * would make the response head too long for proxies is left out (event `id_token_hint_omitted`), then the logout hint (`logout_hint_omitted`). End your own session in
   * the same response. A failure at the server does not prevent it: without such an endpoint, or if the server cannot be
   * reached, the redirect goes to `postLogoutRedirectUri`, if that is of this origin, or to `returnTo`. A prefetch, any other
   * fetch, and a cross-site frame, form or link get 403: do not end the session then.
   * @throws `config_invalid` if `postLogoutRedirectUri` is not an absolute URL
   */
  signOut(request: Request, options?: SignOutOptions): Promise<Response>
  /**
   * Handles the request to `postLogoutRedirectUri`: checks `state`, once.
   * @throws `unknown_state`, with `headers` for the response: this browser started no sign-out, or it has expired
   */
  handleSignedOut(request: Request): Promise<SignedOut>
  /**
   * Handles the `backchannel_logout_uri`: checks the logout token that the server posts (OpenID Connect Back-Channel Logout
   * 1.0 §2.6), calls `onLogout` to end the sessions that it names, on all servers, and responds with 200. It responds with
   * 400 if the token is rejected, was used before or is being handled by another request, or if `onLogout` fails. After a
   * failure, or after 60 seconds without a result, the same token is accepted again, so `onLogout` must be safe to repeat.
   * Errors of `onLogout` are not in the response (event `back_channel_logout_failed`, `unexpected`): log them there. Revoke
   * the refresh tokens of these sessions, except those granted with `offline_access` (§2.7).
   */
  handleBackChannelLogout(request: Request, onLogout: OnLogout): Promise<Response>
  /** Loads the server's metadata in advance. */
  preload(): Promise<void>
  /** Subscribes to events. */
  readonly subscribe: Subscribe<ProofkeyEvent>
}
