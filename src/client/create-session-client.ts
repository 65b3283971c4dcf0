import type { ProofkeyError } from '../errors.js'
import type { SignInResult } from '../flow/flow.js'
import { type Milestones, reported } from '../flow/reported.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { joinDemands } from '../protocol/jose/id-token.js'
import { requestUserInfo, type UserInfo } from '../protocol/resource/user-info.js'
import { scopes } from '../protocol/scope.js'
import type { Grant, Tokens } from '../protocol/token/complete.js'
import {
  type Apis,
  type ChallengeCheck,
  checkApis,
  createApiFetch,
  insufficientScope,
  stepUpFailed,
} from '../session/api-fetch.js'
import { revokeAll, tokensOf } from '../session/dispose.js'
import { keepAwake } from '../session/keep-awake.js'
import { createSessionMachine, type Limits } from '../session/session-machine.js'
import { type Session, type StoredSession, sessionAfterSignIn } from '../session/session-record.js'
import { createSessionSignOut, type SignOutConfig, type SignOutOptions } from '../session/session-sign-out.js'
import type { Work } from '../session/session-state.js'
import { createTokenSource, type GetAccessTokenOptions, nobody } from '../session/token-source.js'
import type { UserAgent } from '../user-agents/user-agent.js'
import { memorySessions, type SessionStore } from '../vault/session-store.js'
import { currentUrl, swapUrl } from './address-bar.js'
import type { ClientConfig, WithDpop, WithoutDpop } from './client-config.js'
import { buildClient, type CallbackOptions, type Client, type SignInOptions } from './create-client.js'

export interface SessionClientConfig extends ClientConfig, SignOutConfig, Limits {
  /** Stores the session. Default `memorySessions()`; `sealedSessions()` survives a reload and is shared by all tabs. */
  readonly sessionStore?: SessionStore | undefined
  /** Pass `frame()` for silent sign-in (`prompt=none`): after a reload, and if there is no refresh token. Default: none. */
  readonly silent?: UserAgent | undefined
  /** Not possible: with a backend that gets the tokens, use `createClient`. */
  readonly exchange?: undefined
  /** The APIs that `fetch` sends access tokens to, by origin: `{ 'https://api.example.com': {} }`. Default: none. */
  readonly apis?: Apis | undefined
  /** Pass `stepUp` to support step-up authentication challenges of APIs (RFC 9470). */
  readonly stepUp?: ChallengeCheck | undefined
}

/** A {@link Client} that also manages the session: it stores and refreshes the tokens, and signs out. */
export interface SessionClient<Given extends Grant = Grant> extends Client<Given> {
  /**
   * The current session; undefined if no user is signed in. It is the same object until the session changes, as React's
   * `useSyncExternalStore` requires of a snapshot; `subscribe` reports the changes.
   */
  readonly session: Session | undefined
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
   * `fetch` that adds the access token to requests for the origins in `apis`. Other requests are sent unchanged. It takes what
   * `fetch` takes, and passes your `fetch` one `Request` built from it (Fetch §5.4). On status 401 it refreshes the token and
   * retries once, except for a stream passed as `body`: then the 401 response is returned. If an API refuses a new token
   * too, there is no further refresh for it for one minute. With `dpop` it also retries once if the API requires a nonce.
   * @throws the errors of `fetch` and {@link SessionClient.getAccessToken}; the `reason` of your `signal`;
   * `insufficient_scope`, `step_up_failed`, and with `stepUp` also `step_up_required`
   */
  fetch: typeof globalThis.fetch
  /**
   * Requests the claims of the user from the UserInfo endpoint (OpenID Connect Core §5.3). On status 401 it refreshes and
   * retries like {@link SessionClient.fetch}.
   * @throws the errors of `getAccessToken`; `network_error`, `timeout`; `endpoint_refused` if the server has no UserInfo
   * endpoint; `response_refused`; `insufficient_scope` if the sign-in had no `openid` scope
   */
  userInfo(): Promise<UserInfo>
  /**
   * Signs out: first in this browser (all tabs), then at the server. A failed step does not stop the others; it is reported
   * as an event (`revocation_failed`, `sign_out_failed`). Only errors of `navigate` are thrown.
   */
  signOut(options?: SignOutOptions): Promise<void>
  /**
   * Completes the sign-out. Call it whenever the page at `postLogoutRedirectUri` loads.
   * @returns undefined if the URL is not the response to a sign-out
   * @throws `unknown_state`, `storage_unavailable`, `insecure_context`
   */
  handleSignedOut(url?: string): Promise<{ readonly returnTo: string } | undefined>
  /** Stops all timers and listeners of this object. The stored session is kept. */
  close(): void
}

/**
 * Creates a client that also manages the session. Create it once, when the app starts. It sends no request and needs no
 * `window`, so it can be created during server-side rendering.
 * @throws `config_invalid`, and the errors of `createClient`
 */
export function createSessionClient(config: WithDpop<SessionClientConfig>): SessionClient<Grant<'dpop'>>
export function createSessionClient(config: WithoutDpop<SessionClientConfig>): SessionClient<Grant<'bearer'>>
export function createSessionClient(config: SessionClientConfig): SessionClient
export function createSessionClient(config: SessionClientConfig): SessionClient {
  const {
    sessionStore = memorySessions(),
    apis = {},
    silent,
    stepUp,
    insecure,
    dpop,
    additionalResources = [],
  } = config
  checkApis(apis, insecure)
  const apiResources = Object.values(apis).flatMap(({ resource = [] }) => resource)
  const works = new WeakMap<SignInResult, Promise<Work>>()
  const built = buildClient({ ...config, additionalResources: [...additionalResources, ...apiResources] }, () => {
    const work = machine.begin()
    return (result) => works.set(result, work)
  })
  const { client, flow } = built
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
    dispose: (sessions) => {
      built.forget()
      return revokeAll(sessions.map(tokensOf), flow, config)
    },
  })
  const started = new WeakMap<object, Promise<unknown>>()
  const discard = ({ accessToken, refreshToken }: Pick<Tokens, 'accessToken' | 'refreshToken'>) =>
    revokeAll([{ accessTokens: [accessToken], refreshToken }], flow, config)

  /** A result can be returned more than once, but starts the session only once. */
  async function startSession(result: SignInResult | undefined, before?: Promise<Work>) {
    if (!result) return result
    const work = (result.origin === 'silent' && before) || works.get(result)!
    const starting = started.get(result) ?? keepSession(work, result)
    started.set(result, starting)
    await starting
    awake.start()
    return result
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
      if (before && claims?.sub !== before.session.claims?.sub) return undefined
      const session = sessionAfterSignIn(result, now, { jkt, origin })
      return before ? { ...session, id: before.id } : session
    }
    const type = before ? 'tokens_refreshed' : 'session_started'
    const by = origin === 'silent' ? 'page' : 'user'
    if (await machine.keep(begun, by, next, { type, scope: tokens.scope })) {
      if (!tokens.refreshToken && !silent) flow.report({ type: 'refresh_token_missing' })
      return
    }
    // Some servers end all tokens of a user with one: those that the same user goes on with are left alone.
    if (machine.current && machine.current.session.claims?.sub === claims?.sub)
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
    if (work.session?.id !== before?.id) return
    const { scope, claims } = before?.session ?? {}
    // `absoluteSeconds` counts from the user's last sign-in at the server, and `max_age` makes the server return its time.
    const limit = config.maxAgeSeconds ?? config.absoluteSeconds
    const result = await client.signIn({
      userAgent: silent,
      prompt: 'none',
      maxAgeSeconds: before || limit === Number.POSITIVE_INFINITY ? undefined : limit,
      ...(before && { scope, acrValues: claims?.['acr'] as string | undefined, resource: before.tokens['']?.resource }),
    })
    if (result) await keepSession(Promise.resolve(work), result, before)
  }

  const tokens = createTokenSource(machine, flow, config, silent && silently, discard)
  const awake = keepAwake(machine, tokens, flow.subscribe)
  const getAccessToken: SessionClient['getAccessToken'] = async (options) =>
    (await tokens.accessToken(options)).accessToken

  const fetch: SessionClient['fetch'] = (...request) => (config.fetch ?? globalThis.fetch)(...request)
  const { apiFetch, authorized } = createApiFetch({
    apis,
    fetch,
    scheme: dpop ? 'DPoP' : 'Bearer',
    send: ({ once, copy }) =>
      dpop ? dpop.attempt(flow.clientKey, ({ fetch }) => fetch(copy()), { fetch, once }) : fetch(copy()),
    accessToken: tokens.accessToken,
    session: () => machine.current?.session,
    check: stepUp,
    report: flow.report,
  })

  /** Adds `signIn()` to an error that another sign-in can solve. Its scope includes what is granted already. */
  function withSignIn(error: ProofkeyError): never {
    const { requirements } = error ?? {}
    if (!requirements) throw error
    // The configuration is the minimum: no sign-in could meet both.
    if (!joinDemands(config, requirements)) throw stepUpFailed('Add the acr that the API asks for to acrValues.')
    const scope =
      [...new Set([machine.current?.session.scope, requirements.scope].flatMap(scopes))].join(' ') || undefined
    throw Object.defineProperty(error, 'signIn', {
      value: (options?: SignInOptions) => signIn({ ...requirements, scope, ...options }),
    })
  }

  async function userInfo(): Promise<UserInfo> {
    await tokens.accessToken()
    const subject = machine.current?.session.claims?.sub
    if (!subject) throw insufficientScope('openid')
    return requestUserInfo(await flow.metadata(), subject, { ...config, fetch: authorized })
  }

  let restoring: Promise<Session | undefined> | undefined
  async function restore(): Promise<Session | undefined> {
    machine.join()
    const session = await machine.sync()
    if (!session && silent && !machine.staysSignedOut) {
      await silently().catch((error: ProofkeyError) => {
        // Reported as an event already. Throw it only if the app can retry.
        if (error.retryable !== false) throw error
      })
    }
    awake.start()
    return machine.current?.session
  }

  return {
    ...client,
    get session() {
      return machine.current?.session
    },
    signIn,
    handleCallback: async (options?: CallbackOptions) => startSession(await client.handleCallback(options)),
    restore() {
      restoring ??= restore().finally(() => {
        restoring = undefined
      })
      return restoring
    },
    getAccessToken,
    fetch: (input, init) => apiFetch(input, init).catch(withSignIn),
    userInfo: () => reported(flow.report, USER_INFO, userInfo).catch(withSignIn),
    ...createSessionSignOut(machine, { ...built, addressBar: { currentUrl, swapUrl } }, config),
    close() {
      awake.stop()
      machine.leave()
    },
  }
}

const USER_INFO: Milestones<UserInfo> = {
  started: { type: 'user_info_requested' },
  completed: () => ({ type: 'user_info_received' }),
  failed: (code) => ({ type: 'user_info_failed', code }),
}
