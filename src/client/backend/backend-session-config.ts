import type { ProofkeyEvent, Subscribe } from '../../events.js'
import type { Fetch } from '../../protocol/request.js'
import type { Session } from '../../session/session-record.js'
import type { Started } from '../start.js'
import type { AskOptions } from './ask-session.js'
import type { BackendFetchParts } from './backend-fetch.js'

/** Options of {@link createBackendSessionClient}. */
export interface BackendSessionClientConfig extends AskOptions, Pick<BackendFetchParts, 'stepUp'> {
  /** Navigates to the sign-in. Default `location.assign`. */
  readonly navigate?: ((url: string) => void) | undefined
}

/** Options of one sign-in at the backend. They can only make it stricter. */
export interface BackendSignInOptions {
  /** The path to continue at after the sign-in, of this origin. Default `/`. */
  readonly returnTo?: string | undefined
  /** Stricter than the backend's own (OpenID Connect Core §3.1.2.1). */
  readonly acrValues?: string | undefined
  readonly maxAgeSeconds?: number | undefined
}

/** The session of a backend for frontend, in a page. It has the members of `SessionClient` that need no token. */
export interface BackendSessionClient {
  /**
   * The current session, without tokens; undefined if no user is signed in. It is the same object until the session changes, as
   * React's `useSyncExternalStore` requires of a snapshot. `expiresAtMs` is undefined: the page has no access token.
   */
  readonly session: Session | undefined
  /**
   * When the session ends by the backend's limits, by the clock of this machine, as last told; milliseconds since the epoch.
   * Use of the session postpones it, if `idleSeconds` is what ends it first. Undefined if no user is signed in.
   */
  readonly endsAtMs: number | undefined
  /**
   * Asks the backend who is signed in. Call it once, when the app starts. From then on the page notices what happens in other
   * tabs and at the backend: when it is shown again or online again, and when the session ends.
   * @returns `loaded`, or `failed` if the backend cannot be asked: then nobody knows whether a user is signed in
   */
  start(): Promise<Extract<Started, { readonly type: 'loaded' | 'failed' }>>
  /**
   * Asks the backend who is signed in; for a page that does not want the result of `start()`, or asks again.
   * @throws `network_error`, `timeout`, and what the backend names, `storage_unavailable` (all `retryable`; the last known
   * session stays); `response_refused` if what answers is not the backend
   */
  restore(): Promise<Session | undefined>
  /**
   * Leaves the page for the backend's sign-in.
   * @returns a promise that is pending until the user is back by the Back button
   */
  signIn(options?: BackendSignInOptions): Promise<undefined>
  /**
   * Signs out: in all tabs at once, then it leaves the page by a form, so that the backend can go on to the server's sign-out.
   * A Content-Security-Policy has to allow both in `form-action`.
   */
  signOut(options?: { readonly returnTo?: string | undefined }): Promise<void>
  /**
   * `fetch` for the app's own paths. It adds the header that `forward` requires. Of 401 and 403 responses it throws those that
   * another sign-in can solve; what else it throws is of `fetch`.
   * @throws `login_required`; `step_up_required` and `insufficient_scope` with `requirements`, and with `signIn()` unless more
   * scope is needed; `step_up_failed`; `config_invalid` for another origin
   */
  fetch: Fetch
  /**
   * `session_restored`, `session_changed`, `session_ended` (`signed_out`, `elsewhere`, `expired`, `replaced`),
   * `session_check_failed`, `sign_out_started`. `issuer` is that of the last session's user, or empty; `clientId` is
   * undefined.
   */
  readonly subscribe: Subscribe<ProofkeyEvent>
  /** Stops all timers and listeners of this object. The session is kept. */
  close(): void
}
