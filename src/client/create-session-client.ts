import { codeOf, type ProofkeyError } from '../errors.js'
import type { SignInResult } from '../flow/flow.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { IdTokenClaims } from '../protocol/jose/standard-claims.js'
import type { Profile } from '../protocol/profile.js'
import { joinScopes, scopes } from '../protocol/scope.js'
import type { Grant, Tokens } from '../protocol/token/complete.js'
import type { Dpop } from '../protocol/token/dpop.js'
import { type Apis, checkApis, withApis } from '../session/apis.js'
import { revokeAll, tokensOf } from '../session/dispose.js'
import { beginWithIdTokenHint } from '../session/id-token-hint.js'
import { keepAwake } from '../session/keep-awake.js'
import { createSessionMachine, type Limits } from '../session/session-machine.js'
import { type SessionOwner, type SessionParts, sessionParts } from '../session/session-parts.js'
import { type Session, type StoredSession, sessionAfterSignIn, userOf } from '../session/session-record.js'
import { createSessionSignOut, type SignOutConfig, type SignOutOptions } from '../session/session-sign-out.js'
import type { Work } from '../session/session-state.js'
import { joinTabs } from '../session/tabs.js'
import type { ChallengeCheck } from '../session/token-fetch.js'
import { createTokenSource, ENDED, type GetAccessTokenOptions, nobody } from '../session/token-source.js'
import type { UserInfoLoader } from '../session/user-info.js'
import { currentUrl } from '../user-agents/address-bar.js'
import type { SilentUserAgent } from '../user-agents/user-agent.js'
import { memorySessions, type SessionStore } from '../vault/session-store.js'
import type { ClientConfig, ConfigFor, GrantOf } from './client-config.js'
import { buildClient, type CallbackOptions, type Client, type SignInOptions } from './create-client.js'
import { type PageStartOptions, type Started, startPage } from './start.js'

/** Options of {@link createSessionClient}: those of a client, and those of its session. */
export interface SessionClientConfig extends ClientConfig, SignOutConfig, Limits {
  /** Stores the session. Default `memorySessions()`; `sealedSessions()` survives a reload and is shared by all tabs. */
  readonly sessionStore?: SessionStore | undefined
  /** Pass `frame()` for silent sign-in (`prompt=none`): after a reload, and if there is no refresh token. Default: none. */
  readonly silent?: SilentUserAgent | undefined
  /** Not possible: with a backend that gets the tokens, use `createClient`. */
  readonly exchange?: undefined
  /** Not possible: a session that is on the server needs `createBackendSessionClient`. */
  readonly backend?: undefined
  /**
   * The APIs of the app, by origin, and what their tokens need: `{ 'https://api.example.com': { scope: 'orders' } }`. The
   * sign-in asks for all of it; `createApiFetch` sends each API its token. Default: none.
   */
  readonly apis?: Apis | undefined
  /** Pass `stepUp` to support step-up authentication challenges of APIs (RFC 9470). */
  readonly stepUp?: ChallengeCheck | undefined
  /** Pass `loadUserInfo` to add the claims of the UserInfo endpoint to `session.claims`. Default: those of the ID token. */
  readonly userInfo?: UserInfoLoader | undefined
}

/** A {@link Client} that also manages the session: it stores and refreshes the tokens, and signs out. */
export interface SessionClient<Given extends Grant = Grant> extends Client<Given>, SessionOwner {
  /**
   * The current session; undefined if no user is signed in. It is the same object until the session changes, as React's
   * `useSyncExternalStore` requires of a snapshot; `subscribe` reports the changes. It is undefined during server-side
   * rendering: `useSyncExternalStore(auth.subscribe, () => auth.session, () => undefined)`.
   */
  readonly session: Session | undefined
  /**
   * Does what a page load requires, on every page: passes the callback of a popup or frame to the page that waits for it,
   * completes a sign-in, completes a sign-out, and restores the session. It removes response parameters from the address
   * bar. Call it once, when the app starts; a call while it runs joins it.
   * @returns what the page load was; a failure is returned too (`failed`)
   */
  start(options?: PageStartOptions): Promise<Started<Given>>
  /**
   * Restores the session after a reload, from the store or with the `silent` user agent. Call it once, when the app starts.
   * After `idleSeconds` without use there is no silent sign-in. With `absoluteSeconds`, a silent sign-in sends it as
   * `max_age`, because the limit counts from the time when the user signed in at the server.
   * @returns undefined if no user is signed in
   * @throws the `retryable` errors of a silent sign-in: `network_error`, `timeout`
   */
  restore(): Promise<Session | undefined>
  /**
   * Returns a valid access token: the current one, without I/O, or a new one from a refresh. All tabs share one refresh,
   * which continues if the caller aborts.
   * @throws `login_required` if no user is signed in or the session has ended; `timeout`, `aborted`, and the errors of the
   * token request
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<string>
  /**
   * Signs out: first in this browser (all tabs), then at the server. A failed step does not stop the others; it is reported
   * as an event (`revocation_failed`, `sign_out_failed`). Only errors of `navigate` are thrown.
   */
  signOut(options?: SignOutOptions): Promise<void>
  /**
   * Completes the sign-out. Call it whenever the page at `postLogoutRedirectUri` loads.
   * @returns undefined if the URL is not the response to a sign-out
   * @throws `unknown_state`; `storage_unavailable`: the URL is restored, call it again; `insecure_context`
   */
  handleSignedOut(url?: string): Promise<{ readonly returnTo: string } | undefined>
  /** Stops all timers and listeners of this object. The stored session is kept. */
  close(): void
}

/**
 * Creates a client that also manages the session. Create it once, when the app starts. It sends no request and needs no
 * `window`, so it can be created during server-side rendering.
 * @throws `config_invalid`, and the errors of `createClient`
 * @example
 * ```ts
 * import { createSessionClient, sealedSessions } from 'proofkey'
 *
 * const auth = createSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid profile offline_access',
 *   sessionStore: sealedSessions(),
 * })
 * const started = await auth.start() // on every page
 * if (started.type === 'failed') console.warn(started.error.code, started.error.hint)
 * console.log(auth.session?.claims)
 * ```
 */
export function createSessionClient<
  DpopOption extends Dpop | undefined = undefined,
  ProfileOption extends Profile | undefined = undefined,
>(config: ConfigFor<SessionClientConfig, DpopOption, undefined, ProfileOption>): SessionClient<GrantOf<DpopOption>> {
  return buildSessionClient(config as SessionClientConfig) as never
}

function buildSessionClient(given: SessionClientConfig): SessionClient {
  if (given.backend) throw configInvalid(['backend: use createBackendSessionClient'])
  const { sessionStore = memorySessions(), apis = {}, silent, userInfo, insecure, dpop } = given
  checkApis(apis, insecure)
  const config = withApis(given, apis)
  const works = new WeakMap<SignInResult, Promise<Work>>()
  const built = buildClient(
    config,
    () => {
      const work = machine.begin()
      return (result) => works.set(result, work)
    },
    beginWithIdTokenHint(
      () => machine.current?.idToken,
      (event) => flow.report(event),
    ),
  )
  const { client, flow } = built
  if (silent && !silent.silent) throw configInvalid(['silent: must be frame(), which shows nothing'])
  if (silent && !scopes(config.scope).includes('openid'))
    throw configInvalid(['silent: needs the scope openid; without an ID token nobody can tell who is signed in'])
  /** The key that the sign-in has just used, even if another tab has deleted it since. */
  const usedKeyThumbprint = async () => dpop?.thumbprint(flow.clientKey, true)
  const machine = createSessionMachine({
    clientKey: flow.clientKey,
    store: sessionStore,
    limits: config,
    canRenewSilently: !!silent,
    report: flow.report,
    keyThumbprint: async () => dpop?.thumbprint(flow.clientKey),
    dispose: (sessions) => revokeAll(sessions.map(tokensOf), flow, config),
    joinTabs,
  })
  const started = new WeakMap<SignInResult, Promise<void>>()
  /** The ids of the sessions that results have started. */
  const sessionIds = new WeakMap<SignInResult, string>()
  const discard = ({ accessToken, refreshToken }: Pick<Tokens, 'accessToken' | 'refreshToken'>) =>
    revokeAll([{ accessTokens: [accessToken], refreshToken }], flow, config)

  /** A result can be returned more than once, until its session ends, but starts the session only once. */
  async function startSession(result: SignInResult | undefined, before?: Promise<Work>) {
    if (!result) return result
    const work = (result.origin === 'silent' && before) || works.get(result)!
    const earlier = started.get(result)
    const starting = earlier ?? keepSession(work, result)
    started.set(result, starting)
    await starting
    awake.start()
    if (machine.current?.id === sessionIds.get(result)) return result
    if (!earlier) throw nobody(ENDED)
    return undefined
  }

  /** @param before the session that a silent sign-in continues; undefined to start a new session */
  async function keepSession(work: Promise<Work>, result: SignInResult, before?: StoredSession): Promise<void> {
    const { tokens, claims, origin } = result
    const jkt = await usedKeyThumbprint()
    // If the earlier session has ended meanwhile, its time of last use is deleted first.
    const begun = await work
    machine.touch()
    const next = (now: StoredSession | undefined) => {
      // A silent sign-in must not continue the session of another user.
      if (before && userOf(claims) !== userOf(before.session.claims)) return undefined
      const session = sessionAfterSignIn(result, now, { jkt, origin })
      sessionIds.set(result, session.id)
      if (!before) return session
      // A new ID token may lack claims of the first one and has none of UserInfo; but it says how and when the user signed in.
      const { amr, auth_time, session_expiry, ...earlier } = { ...before.session.claims } as IdTokenClaims
      return {
        ...session,
        id: before.id,
        session: { ...session.session, claims: { ...earlier, ...claims } as IdTokenClaims },
      }
    }
    const type = before ? 'tokens_refreshed' : 'session_started'
    const by = origin === 'silent' ? 'page' : 'user'
    if (await machine.keep(begun, by, next, { type, scope: tokens.scope })) {
      if (!tokens.refreshToken && !silent) flow.report({ type: 'refresh_token_missing' })
      return before ? undefined : userInfo?.(parts)
    }
    // Some servers end all tokens of a user with one: those that the same user goes on with are left alone.
    if (machine.current && userOf(machine.current.session.claims) === userOf(claims))
      flow.report({ type: 'tokens_not_revoked' })
    else await discard(tokens)
    throw nobody('The session has ended, or another user is signed in at the server now.')
  }

  const signIn = async (options?: SignInOptions) => {
    const work = machine.begin()
    return startSession(await client.signIn(options), work)
  }

  async function silently(before?: StoredSession): Promise<void> {
    const work = await machine.begin()
    if (work.session?.id !== before?.id || machine.staysSignedOut) return
    const { scope, claims } = before?.session ?? {}
    if (before && !claims) throw nobody('Without an ID token nobody can tell whose session it is.')
    // `absoluteSeconds` counts from the user's last sign-in at the server, and `max_age` makes the server return its time.
    const limit = config.maxAgeSeconds ?? config.absoluteSeconds
    const result = await client
      .signIn({
        userAgent: silent,
        prompt: 'none',
        maxAgeSeconds: before || limit === Infinity ? undefined : limit,
        ...(before && {
          scope: joinScopes('openid', scope),
          acrValues: claims?.acr,
          resource: before.tokens['']?.resource,
        }),
      })
      .catch((error) => {
        flow.report({ type: 'silent_sign_in_failed', code: codeOf(error) })
        throw error
      })
    if (result) await keepSession(Promise.resolve(work), result, before)
  }

  const tokens = createTokenSource(machine, flow, config, silent && silently, discard)
  const parts: SessionParts = { config, flow, machine, tokens, signIn }
  const awake = keepAwake(machine, tokens, flow.subscribe)
  const getAccessToken: SessionClient['getAccessToken'] = async (options) =>
    (await tokens.accessToken(options)).accessToken

  async function restore(): Promise<Session | undefined> {
    if (built.isCallbackUnhandled()) flow.report({ type: 'callback_not_handled' })
    machine.join()
    const session = await machine.sync()
    if (!session && silent) {
      await silently().catch((error: ProofkeyError) => {
        // Throw it only if the app can retry.
        if (error.retryable !== false) throw error
      })
    }
    awake.start()
    return machine.current?.session
  }

  const handleCallback = async (options?: CallbackOptions) => startSession(await client.handleCallback(options))
  const { signOut, handleSignedOut } = createSessionSignOut(machine, built, config)
  const restoreOnce = joined(restore)
  const start = joined(async ({ relay }: PageStartOptions = {}): Promise<Started> => {
    // A server renders the page as for a visitor.
    if (!currentUrl()) return { type: 'loaded', session: undefined }
    const relays = [config.userAgent?.relay, silent?.relay, relay]
    return startPage({ relays, handleCallback, handleSignedOut, restore: restoreOnce })
  })

  const auth: SessionClient = {
    ...client,
    get session() {
      return machine.current?.session
    },
    start,
    signIn,
    handleCallback,
    restore: restoreOnce,
    getAccessToken,
    signOut,
    handleSignedOut,
    close() {
      awake.stop()
      machine.leave()
    },
  }
  sessionParts.set(auth, parts)
  return auth
}

/** Calls while the work runs join it. */
function joined<Options, T>(work: (options?: Options) => Promise<T>): (options?: Options) => Promise<T> {
  let running: Promise<T> | undefined
  return (options) =>
    (running ??= work(options).finally(() => {
      running = undefined
    }))
}
