/** What every event carries. `transaction` names one sign-in without giving its `state` away. */
export interface EventContext {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly issuer: string
  /** Undefined while a client is being registered: it gets its id by that. */
  readonly clientId: string | undefined
  /** The sign-in's record id (expiry and SHA-256 of `state`), where there is one. */
  readonly transaction?: string | undefined
}

/** What happened, without secrets: safe to log and to send anywhere. */
export type EventBody =
  /** The server's metadata is being fetched (not where it was given by hand or is still fresh). */
  | { readonly type: 'metadata_requested' }
  | { readonly type: 'metadata_loaded' }
  /** The metadata could not be had or used. With `stale`, the earlier metadata goes on in use: a day at most. */
  | { readonly type: 'metadata_failed'; readonly code: string; readonly stale: boolean }
  /** The server's keys could not be had. With `stale`, the earlier keys go on in use: an hour at most. */
  | { readonly type: 'keys_failed'; readonly code: string; readonly stale: boolean }
  /** The server does not say that it supports PKCE; the challenge is sent all the same (RFC 8414 §2 makes the field optional). */
  | { readonly type: 'pkce_not_advertised' }
  /** `returnTo` was no path of this origin, or, on a server, longer than 800 bytes; it goes on with `/`. */
  | { readonly type: 'return_to_refused' }
  /** The vault cannot be used here (`code` says why); the sign-in waits in the page's memory, and ends with the page. */
  | { readonly type: 'vault_replaced'; readonly vault: string; readonly by: string; readonly code: string }
  /** The sealed transaction was written, read back and opened. */
  | { readonly type: 'transaction_stored'; readonly vault: string }
  /**
   * A waiting sign-in or sign-out gave way to a newer one; its callback will be `unknown_state`. `vault_full`: the vault has
   * `maxRecords`; `cookies`: the browser's `Cookie` header would pass its limit.
   */
  | { readonly type: 'transaction_dropped'; readonly reason: 'vault_full' | 'cookies' }
  /** The person is being sent to the server. */
  | { readonly type: 'sign_in_started'; readonly endpoint: string; readonly scope: string }
  /** A callback arrived; where it was the page's own URL, its parameters are gone from the address bar. */
  | { readonly type: 'callback_received' }
  /** The transaction was taken out of the vault and cannot be taken again. */
  | { readonly type: 'transaction_taken'; readonly vault: string }
  /** No HTTP response came from the token endpoint: the transaction was put back, a retry can succeed. */
  | { readonly type: 'transaction_restored'; readonly vault: string }
  /**
   * A cookie that looks like one of ours was not read: another `name` than ours, byte for byte, a `value` that no
   * browser takes from us, or two of one name. A sub-domain may be trying to set cookies for this host.
   */
  | { readonly type: 'cookie_refused'; readonly reason: 'name' | 'value' | 'duplicate' }
  /** The server granted another scope than was asked for (RFC 6749 §3.3). */
  | { readonly type: 'scope_changed'; readonly missing: readonly string[]; readonly added: readonly string[] }
  | { readonly type: 'sign_in_completed'; readonly scope: string }
  /** Somebody is signed in. `scope`: all that is granted now. */
  | { readonly type: 'session_started'; readonly scope: string }
  /** The session was found again after a reload. */
  | { readonly type: 'session_restored' }
  /** The session has changed: new tokens or more scope, of another tab, or a sign-in there; a newer refresh token. */
  | { readonly type: 'session_changed' }
  /** A refresh token is being sent to the server. */
  | { readonly type: 'refresh_started' }
  /** New tokens came; those of a session are stored. */
  | { readonly type: 'tokens_refreshed'; readonly scope: string }
  /** New tokens did not come; a session goes on, unless `session_ended` says otherwise. */
  | { readonly type: 'refresh_failed'; readonly code: string }
  /** The session could not be written; it lives on in this page only. */
  | { readonly type: 'session_not_stored'; readonly code: string }
  /**
   * `signed_out` here, `elsewhere`: in another tab; `refused`: the server takes the refresh token no more; `expired`: its
   * access token has, and there is nothing to get another with; `idle` and `too_long`: its limits; `answer_refused`:
   * the answer to a refresh is not of the same sign-in, for example another `sub`; `key_lost`: what its tokens are tied to
   * is gone.
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
    }
  /** A token is being revoked. `token`: of which kind, where that is known. */
  | { readonly type: 'revocation_started'; readonly token: RevokedToken }
  | { readonly type: 'token_revoked'; readonly token: RevokedToken }
  /** A token could not be revoked: it may live on until it expires (RFC 7009 §2.2.1). */
  | { readonly type: 'revocation_failed'; readonly token: RevokedToken; readonly code: string }
  /** On a server: a code is being redeemed for a client that kept the verifier. */
  | { readonly type: 'exchange_started' }
  | { readonly type: 'exchange_completed'; readonly scope: string }
  /** With the code of the `ProofkeyError`, or `unexpected` for anything else, as where `respond` throws. */
  | { readonly type: 'exchange_failed'; readonly code: string }
  /** The server is asked about the person (OpenID Connect Core §5.3). */
  | { readonly type: 'user_info_requested' }
  | { readonly type: 'user_info_received' }
  | { readonly type: 'user_info_failed'; readonly code: string }
  /** This installation registers as a client of its own (RFC 7591). */
  | { readonly type: 'registration_started' }
  | { readonly type: 'registration_completed' }
  | { readonly type: 'registration_failed'; readonly code: string }
  /** The client id of this installation was found in the browser's storage. */
  | { readonly type: 'registration_restored' }
  | { readonly type: 'registration_forgotten' }
  /** On a device: the person is shown a code to type in (RFC 8628 §3.3). */
  | { readonly type: 'user_code_shown' }
  /** An API asks for more than the session has: more scope, or a stronger or more recent sign-in (RFC 9470). */
  | { readonly type: 'step_up_required'; readonly endpoint: string; readonly error: string }
  /** With the code of the `ProofkeyError`, or `unexpected` for anything else. */
  | { readonly type: 'sign_in_failed'; readonly code: string }
  /** The person is being sent to the server's sign-out; without an endpoint, the sign-out is the app's alone. */
  | { readonly type: 'sign_out_started'; readonly endpoint?: string | undefined }
  /** The ID token is too long for the URL of the server's sign-out: it was not sent, and the server may ask the person. */
  | { readonly type: 'id_token_hint_omitted'; readonly bytes: number }
  /** The person came back from it. */
  | { readonly type: 'sign_out_completed' }
  /** A step of it went wrong; the app's own sign-out is not held up by that. */
  | { readonly type: 'sign_out_failed'; readonly code: string }
  /** A logout token came. */
  | { readonly type: 'back_channel_logout_received' }
  /** The server ended sessions by a logout token: the one it names, or all that its person has here. */
  | { readonly type: 'back_channel_logout'; readonly ends: 'session' | 'all_sessions' }
  /** A logout token was refused, or, `unexpected`, the app could not end the sessions. */
  | { readonly type: 'back_channel_logout_failed'; readonly code: string }

  /** The sessions have ended, but the logout token could not be marked as used: it may be accepted again until it expires. */
  | { readonly type: 'replay_cache_failed'; readonly code: string }

export type ProofkeyEvent = EventContext & EventBody

type RevokedToken = 'refresh_token' | 'access_token' | undefined

/** Hears of events. What it throws, or rejects with, goes to `onError` and stops nobody. */
export type Listener<Event> = (event: Event) => unknown

export interface SubscribeOptions {
  /**
   * Hears what the listener throws or rejects with. Default: the global `reportError`, which browsers have; else
   * `console.error`. It is never thrown again, so no listener ends a process.
   */
  readonly onError?: ((error: unknown) => unknown) | undefined
}

/** Listens to what happens; returns its own undo. */
export type Subscribe<Event> = (listener: Listener<Event>, options?: SubscribeOptions) => () => void

export interface Emitter<Event> {
  emit(event: Event): void
  readonly subscribe: Subscribe<Event>
}

/** Each listener hears each event before `emit` returns, whatever the others do. */
export function createEmitter<Event>(): Emitter<Event> {
  const listeners = new Set<Listener<Event>>()
  return {
    emit(event) {
      for (const listener of [...listeners]) listener(event)
    },
    subscribe(listener, { onError = reportUncaught } = {}) {
      // A function of its own, so that the same listener subscribed twice is two subscriptions with two undos.
      const own: Listener<Event> = (event) => isolated(() => listener(event), onError)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

/** Runs a function of the app, now. What it throws or rejects with goes to `onError`; what that does, to the console. */
function isolated(work: () => unknown, onError: (error: unknown) => unknown): void {
  new Promise((resolve) => resolve(work())).catch(onError).catch(reportUncaught)
}

function reportUncaught(error: unknown): void {
  const { reportError } = globalThis
  // In Deno, `reportError` ends the process where nobody listens for its event.
  if (reportError && !('Deno' in globalThis)) reportError(error)
  else console.error(error)
}
