/** The properties of every event. `transaction` identifies a sign-in without revealing its `state`. */
export interface EventContext {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** Of a page whose session is on the server: that of the last session, empty if there was none. */
  readonly issuer: string
  /** Undefined during `registerInstance`, which obtains it, and in a page whose session is on the server. */
  readonly clientId: string | undefined
  /** The record id of the sign-in (expiry and SHA-256 of `state`), if there is one. */
  readonly transaction?: string | undefined
}

/** What happened, without secrets: events can be logged. */
export type EventBody =
  /** The server's metadata is being fetched. Not emitted with the `metadata` option, or while cached or kept metadata is fresh. */
  | { readonly type: 'metadata_requested' }
  | { readonly type: 'metadata_loaded' }
  /** The metadata was one redirect away, at the same origin. `endpoint`: the URL that redirected. */
  | { readonly type: 'metadata_redirected'; readonly endpoint: string }
  /** The metadata could not be loaded or used. With `stale`, the earlier metadata remains in use, for at most a day. */
  | { readonly type: 'metadata_failed'; readonly code: string; readonly stale: boolean }
  /** The server's keys could not be loaded. With `stale`, the earlier keys remain in use, for at most an hour. */
  | { readonly type: 'keys_failed'; readonly code: string; readonly stale: boolean }
  /** The metadata does not list PKCE methods; the challenge is sent anyway (RFC 8414 §2: the field is optional). */
  | { readonly type: 'pkce_not_advertised' }
  /** `returnTo` was not a path of this origin, or, on a server, longer than 800 bytes; `/` is used instead. */
  | { readonly type: 'return_to_refused' }
  /** The vault cannot be used here (`code` says why); the pending sign-in is stored in the page's memory only. */
  | { readonly type: 'vault_replaced'; readonly vault: string; readonly by: string; readonly code: string }
  /**
   * The vault has the pending sign-in. IndexedDB, Redis: written encrypted, and read back. A cookie: encrypted, to be set by the
   * response. Memory: as it is.
   */
  | { readonly type: 'transaction_stored'; readonly vault: string }
  /**
   * A pending sign-in or sign-out was removed to make room; its callback will be `unknown_state`. `vault_full`: the vault
   * contains `maxRecords`; `cookies`: the `Cookie` header would exceed its limit.
   */
  | { readonly type: 'transaction_dropped'; readonly reason: 'vault_full' | 'cookies' }
  /** The authorization request was sent to the server, which returned the `request_uri` that stands for it (RFC 9126). */
  | { readonly type: 'request_pushed' }
  /** The user is sent to the authorization endpoint; on a device, the device code is requested. */
  | { readonly type: 'sign_in_started'; readonly endpoint: string; readonly scope: string }
  /** A callback arrived. If it was the page's URL, its parameters were removed from the address bar. */
  | { readonly type: 'callback_received' }
  /** The transaction was taken from the vault and cannot be taken again. */
  | { readonly type: 'transaction_taken'; readonly vault: string }
  /** The token endpoint sent no response. The transaction was put back, so a retry can succeed. */
  | { readonly type: 'transaction_restored'; readonly vault: string }
  /**
   * A cookie that looks like one of proofkey was ignored: its `name` is not exactly of our form, its `value` has invalid
   * characters, or there are two of one name. A sub-domain may be trying to set cookies for this host.
   */
  | { readonly type: 'cookie_refused'; readonly reason: 'name' | 'value' | 'duplicate' }
  /** The granted scope differs from the requested one (RFC 6749 §3.3). */
  | { readonly type: 'scope_changed'; readonly missing: readonly string[]; readonly added: readonly string[] }
  /**
   * The granted authorization details are not exactly the requested ones: their types. `missing`: not granted as requested;
   * `added`: with more members, or not requested (which only `accepts` of `richAuthorization` allows).
   */
  | {
      readonly type: 'authorization_details_changed'
      readonly missing: readonly string[]
      readonly added: readonly string[]
    }
  | { readonly type: 'sign_in_completed'; readonly scope: string }
  /** A session has started. `scope`: the granted scope. */
  | { readonly type: 'session_started'; readonly scope: string }
  /** The session was read from its store after a reload. */
  | { readonly type: 'session_restored' }
  /** The session has changed: another tab refreshed it or signed in, or the tokens or the scope are new. */
  | { readonly type: 'session_changed' }
  /** A refresh request is being sent. */
  | { readonly type: 'refresh_started' }
  /** New tokens were received; a session client has stored them. */
  | { readonly type: 'tokens_refreshed'; readonly scope: string }
  /** The refresh failed; the session continues, unless `session_ended` follows. */
  | { readonly type: 'refresh_failed'; readonly code: string }
  /** The session could not be stored; it exists only in this page. */
  | { readonly type: 'session_not_stored'; readonly code: string }
  /** The backend could not be asked for the session: the last known one continues. */
  | { readonly type: 'session_check_failed'; readonly code: string }
  /**
   * The session has ended.
   * - `signed_out`: the user signed out in this tab; `elsewhere`: in another tab, or at the backend.
   * - `refused`: the server rejected the refresh token, or, in a silent sign-in, has no user or another user signed in.
   * - `expired`: the access token expired and cannot be refreshed, the ID token's `session_expiry` has come, or a limit
   *   of the backend.
   * - `idle`, `too_long`: the session reached `idleSeconds` or `absoluteSeconds`.
   * - `answer_refused`: the refresh response belongs to another sign-in, for example another `sub`.
   * - `key_lost`: the DPoP key of the tokens was deleted.
   * - `replaced`: another user has signed in.
   * - `not_stored`: on a server, its cookies have become larger than the limits allow.
   */
  | {
      readonly type: 'session_ended'
      readonly reason:
        | 'signed_out'
        | 'elsewhere'
        | 'refused'
        | 'expired'
        | 'idle'
        | 'too_long'
        | 'answer_refused'
        | 'key_lost'
        | 'replaced'
        | 'not_stored'
    }
  /** A token is being revoked. `token`: its type, if known. */
  | { readonly type: 'revocation_started'; readonly token: RevokedToken }
  | { readonly type: 'token_revoked'; readonly token: RevokedToken }
  /** The ID token of a refresh has a newer `auth_time` than the sign-in; the session keeps its own (OpenID Connect Core §12.2). */
  | { readonly type: 'auth_time_changed' }
  /** Tokens of this user are not used any more and were not revoked: some servers end all tokens of a user with one. */
  | { readonly type: 'tokens_not_revoked' }
  /** Tokens are not used any more, and the server has no revocation endpoint: they are valid until they expire. */
  | { readonly type: 'revocation_unsupported' }
  /**
   * `restore()` finds that the URL of the page is a callback of this client, and that neither `handleCallback()` nor `start()`
   * was called for it: the sign-in is not completed.
   */
  | { readonly type: 'callback_not_handled' }
  /** `restore()`, `start()` or a silent renewal asked the server for the user without showing a page, and got none. */
  | { readonly type: 'silent_sign_in_failed'; readonly code: string }
  /** The session's own access token is about to expire. `renewable`: it is refreshed, by itself while the page is visible. */
  | { readonly type: 'access_token_expiring'; readonly expiresAtMs: number; readonly renewable: boolean }
  /**
   * `createApiFetch` sent a request without a token to an origin that may be missing in `apis`: it answered 401, or it is
   * spelled otherwise than `similar`, an origin in the list (another scheme, another port, a dot at the end).
   */
  | { readonly type: 'api_not_listed'; readonly origin: string; readonly similar: string | undefined }
  /** The sign-in returned no refresh token: the session ends with its access token. */
  | { readonly type: 'refresh_token_missing' }
  /** A token could not be revoked: it may remain valid until it expires (RFC 7009 §2.2.1). */
  | { readonly type: 'revocation_failed'; readonly token: RevokedToken; readonly code: string }
  /** On a server: a code is being exchanged for a browser client that has the verifier. */
  | { readonly type: 'exchange_started' }
  | { readonly type: 'exchange_completed'; readonly scope: string }
  /** With the code of the `ProofkeyError`, or `unexpected` for any other error, for example of `respond`. */
  | { readonly type: 'exchange_failed'; readonly code: string }
  /** On a server: an access token of the client itself, or an exchanged token (RFC 8693), is being requested. */
  | { readonly type: 'token_requested'; readonly grant: ServiceGrant }
  | { readonly type: 'token_received'; readonly grant: ServiceGrant; readonly scope: string }
  | { readonly type: 'token_request_failed'; readonly grant: ServiceGrant; readonly code: string }
  /**
   * On a server: `forward` did not pass on an API's response, or not to its end. `endpoint`: the API; `code`: that of the
   * error; `status`: what the browser got.
   */
  | { readonly type: 'forward_failed'; readonly endpoint: string; readonly code: string; readonly status: number }
  /** A UserInfo request is being sent (OpenID Connect Core §5.3). */
  | { readonly type: 'user_info_requested' }
  | { readonly type: 'user_info_received' }
  | { readonly type: 'user_info_failed'; readonly code: string }
  /** A registration request for this installation is being sent (RFC 7591). */
  | { readonly type: 'registration_started' }
  /** A client was registered: this installation, or with `createMcpAuth` `clientId`. */
  | { readonly type: 'registration_completed' }
  | { readonly type: 'registration_failed'; readonly code: string }
  /** The client id of this installation was read from the browser's storage. */
  | { readonly type: 'registration_restored' }
  /** The registration was deleted; with `createMcpAuth` because the authorization server no longer knows the client. */
  | { readonly type: 'registration_forgotten' }
  /** On a device: the user code is shown (RFC 8628 §3.3). */
  | { readonly type: 'user_code_shown' }
  /** An API requires more scope, or a stronger or more recent sign-in (RFC 9470). */
  | { readonly type: 'step_up_required'; readonly endpoint: string; readonly error: string }
  /** With the code of the `ProofkeyError`, or `unexpected` for any other error. */
  | { readonly type: 'sign_in_failed'; readonly code: string }
  /** A sign-out starts. `endpoint`: the `end_session_endpoint` the user is sent to; undefined if the sign-out is local only. */
  | { readonly type: 'sign_out_started'; readonly endpoint?: string | undefined }
  /** The ID token is too long for the sign-out URL and was not sent; the server may ask the user to confirm. */
  | { readonly type: 'id_token_hint_omitted'; readonly bytes: number }
  /** On a server: `logoutHint` made the URL too long even without the ID token, and was not sent. */
  | { readonly type: 'logout_hint_omitted'; readonly bytes: number }
  /** The user has returned from the server's sign-out. */
  | { readonly type: 'sign_out_completed' }
  /** One step of the sign-out failed; the others were carried out. */
  | { readonly type: 'sign_out_failed'; readonly code: string }
  /** A logout token was received. */
  | { readonly type: 'back_channel_logout_received' }
  /** A logout token ended sessions: the one that it names, or all of its user. */
  | { readonly type: 'back_channel_logout'; readonly ends: 'session' | 'all_sessions' }
  /** A logout token was rejected, or (`unexpected`) the app could not end the sessions. */
  | { readonly type: 'back_channel_logout_failed'; readonly code: string }
  /**
   * The sessions have ended, but the logout token could not be marked as used: it may be accepted again until it expires. On
   * a resource server: the request was refused, because it is not known whether its DPoP proof was used before.
   */
  | { readonly type: 'replay_cache_failed'; readonly code: string }
  /**
   * On a resource server: a request was not authorized. `issuer` is the one that the token names if it is trusted, otherwise
   * the first; `clientId` is set once the token is validated. `claim`: the claim that is wrong.
   */
  | { readonly type: 'token_refused'; readonly code: string; readonly claim?: string | undefined }
  /** On a resource server: the authorization server could not be asked about a token (RFC 7662). */
  | { readonly type: 'introspection_failed'; readonly code: string }

/** An event: what happened, and in which client and sign-in. It never contains a secret. */
export type ProofkeyEvent = EventContext & EventBody

type ServiceGrant = 'client_credentials' | 'token_exchange'

type RevokedToken = 'refresh_token' | 'access_token' | undefined

/** Receives events. If it throws or rejects, the error goes to `onError`, and nothing else is affected. */
export type Listener<Event> = (event: Event) => unknown

/** Options of `subscribe()`. */
export interface SubscribeOptions {
  /**
   * Receives what the listener throws or rejects with. Default: the global `reportError` of browsers, otherwise
   * `console.error`. The error is not thrown again, so no listener can end a process.
   */
  readonly onError?: ((error: unknown) => unknown) | undefined
}

/** Subscribes to events. @returns a function that ends the subscription */
export type Subscribe<Event> = (listener: Listener<Event>, options?: SubscribeOptions) => () => void

export interface Emitter<Event> {
  emit(event: Event): void
  readonly subscribe: Subscribe<Event>
}

/** `emit` calls each listener before it returns; a listener that throws does not affect the others. */
export function createEmitter<Event>(): Emitter<Event> {
  const listeners = new Set<Listener<Event>>()
  return {
    emit(event) {
      for (const listener of [...listeners]) listener(event)
    },
    subscribe(listener, { onError = reportUncaught } = {}) {
      // A new function, so that a listener that is subscribed twice has two independent subscriptions.
      const own: Listener<Event> = (event) => isolated(() => listener(event), onError)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

/** Calls a function of the app synchronously. Its errors go to `onError`, and errors of that to `reportUncaught`. */
function isolated(work: () => unknown, onError: (error: unknown) => unknown): void {
  new Promise((resolve) => resolve(work())).catch(onError).catch(reportUncaught)
}

/** Shows an error of the app's own function, which must not stop ours. */
export function reportUncaught(error: unknown): void {
  const { reportError } = globalThis
  // In Deno, `reportError` ends the process if its event has no listener.
  if (reportError && !('Deno' in globalThis)) reportError(error)
  else console.error(error)
}
