import type { ProofkeyError } from '../errors.js'
import type { SignInResult } from '../flow/flow.js'
import { requestUserInfo, type UserInfo } from '../protocol/resource/user-info.js'
import { scopes } from '../protocol/scope.js'
import type { Grant } from '../protocol/token/complete.js'
import { type Apis, type ChallengeCheck, checkApis, createApiFetch, insufficientScope } from '../session/api-fetch.js'
import { keepAwake } from '../session/keep-awake.js'
import { createSessionKeeper, type Limits } from '../session/session-keeper.js'
import { createSignOut, type SignOutConfig, type SignOutOptions } from '../session/session-sign-out.js'
import { type Session, type StoredSession, sessionAfterSignIn } from '../session/stored-session.js'
import { type AccessTokenOptions, createTokenSource, nobody } from '../session/token-source.js'
import type { UserAgent } from '../user-agents/user-agent.js'
import { memorySessions, type SessionStore } from '../vault/session-store.js'
import { currentUrl, swapUrl } from './address-bar.js'
import type { ClientConfig, WithDpop, WithoutDpop } from './client-config.js'
import { buildClient, type CallbackOptions, type Client, type SignInOptions } from './create-client.js'

export interface SessionClientConfig extends ClientConfig, SignOutConfig, Limits {
  /** Where the session is kept. Default `memorySessions()`; `sealedSessions()` outlives a reload and is shared by all tabs. */
  readonly sessionStore?: SessionStore | undefined
  /** Signs in without a page, `frame()`: after a reload, and where the server gives no refresh token. Default: none. */
  readonly silent?: UserAgent | undefined
  /** A session is kept where its tokens are: with a backend that keeps them, `createClient`. */
  readonly exchange?: undefined
  /** The APIs that `fetch` sends access tokens to, by origin: `{ 'https://api.example.com': {} }`. Default: none. */
  readonly apis?: Apis | undefined
  /** Pass `stepUp` to understand demands for a stronger sign-in (RFC 9470). */
  readonly stepUp?: ChallengeCheck | undefined
}

/** A client that also keeps the session, so that the app need not. */
export interface SessionClient<Given extends Grant = Grant> extends Client<Given> {
  /**
   * Who is signed in; undefined where nobody is. The same object until something changes: with `subscribe` it is what
   * `useSyncExternalStore` and its like want.
   */
  readonly session: Session | undefined
  /**
   * Finds the session again after a reload: in the store, or by the `silent` user agent. Call it once, where the app starts.
   * After `idleSeconds` without use nobody is signed in silently; with `absoluteSeconds` the time since the person signed
   * in at the server counts (`max_age`).
   * @returns undefined where nobody is signed in
   * @throws what a silent sign-in can, where trying again may help (`retryable`): `network_error`, `timeout`
   */
  restore(): Promise<Session | undefined>
  /**
   * A valid access token: the one at hand without any I/O, or else a new one. At most one refresh is under way, over all
   * tabs; it goes on when the caller stops waiting.
   * @throws `login_required`, where nobody is signed in, or no more; `timeout`, `aborted`, and what the token request can
   */
  getAccessToken(options?: AccessTokenOptions & { readonly signal?: AbortSignal | undefined }): Promise<string>
  /**
   * `fetch` with an access token in the header, for the origins of `apis` only; others are fetched as they are. On 401
   * one refresh and one retry, though not of a stream, nor of a `Request` with a body: their 401 comes back. An API that
   * refused a new token too gets no other one for a minute. With `dpop` also one retry where the API asks for a nonce.
   * @throws what `fetch` and {@link SessionClient.getAccessToken} do, where your `signal` ends it its `reason`;
   * `insufficient_scope`, `step_up_failed`, and with `stepUp` `step_up_required`
   */
  fetch: typeof globalThis.fetch
  /**
   * What the server tells of the person (OpenID Connect Core §5.3). On 401 one refresh and one retry, as in
   * {@link SessionClient.fetch}.
   * @throws see `getAccessToken`; `network_error`, `timeout`; `endpoint_refused`, where the server has no such endpoint;
   * `response_refused`; `insufficient_scope`, where the sign-in was without `openid`
   */
  userInfo(): Promise<UserInfo>
  /**
   * Signs out: here and in all tabs first, then at the server. Whatever fails is reported (`revocation_failed`,
   * `sign_out_failed`) and holds nothing up: it throws only what `navigate` does.
   */
  signOut(options?: SignOutOptions): Promise<void>
  /** Call it on every load of `postLogoutRedirectUri`. @throws `unknown_state`, and what taking it out of the vault can: `storage_unavailable`, `insecure_context` */
  handleSignedOut(url?: string): Promise<{ readonly returnTo: string } | undefined>
  /** Ends all listening and waiting; the session stays where it is. */
  close(): void
}

/**
 * A client of one authorization server that keeps the session. Make it once, where the app starts. Does nothing by
 * itself and needs no `window` to be made.
 * @throws `config_invalid`, and what `createClient` does
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
  const ofApis = Object.values(apis).flatMap(({ resource = [] }) => resource)
  const built = buildClient({ ...config, additionalResources: [...additionalResources, ...ofApis] })
  const { client, flow } = built
  const proofKey = async () => dpop?.thumbprint(flow.clientKey)
  /** The key that a sign-in was just finished with, whatever another tab has done to it since. */
  const keyAtHand = async () => dpop?.thumbprint(flow.clientKey, true)
  const keeper = createSessionKeeper(flow.clientKey, sessionStore, config, flow.report, proofKey)
  const adopted = new WeakMap<object, Promise<unknown>>()

  /** One result starts the session once, however often it is handed out. */
  async function adopt(result: SignInResult | undefined): Promise<SignInResult | undefined> {
    if (!result) return result
    const starting = adopted.get(result) ?? start(result)
    adopted.set(result, starting)
    await starting
    awake.start()
    return result
  }

  /** @param before where it is `silent`: whose session is to go on; undefined for a new one */
  async function start(result: SignInResult, silent = false, before?: StoredSession): Promise<void> {
    const jkt = await keyAtHand()
    // After a redirect, what was before lies in the store.
    const held = await keeper.sync()
    const next = sessionAfterSignIn(result, held, { jkt, silent })
    if (!before) keeper.touch()
    // Where nobody was asked, it is for whom it began, or for nobody.
    const right = held?.id === before?.id && (!before || result.claims?.sub === before.session.claims?.sub)
    const { scope } = result.tokens
    const [id, type] = before ? ([before.id, 'tokens_refreshed'] as const) : ([next.id, 'session_started'] as const)
    if ((right || !silent) && (await keeper.keep({ ...next, id }, { type, scope }))) return
    if (!held || held.id === before?.id) await tokens.discard(result.tokens)
    throw nobody('The session has ended, or the server knows somebody else by now.')
  }

  const signIn = async (options?: SignInOptions) => adopt(await client.signIn(options))

  async function silently(before?: StoredSession): Promise<void> {
    // Where the limit counts from an earlier sign-in, the server has to say when that was.
    const maxAgeSeconds = before ? undefined : (config.maxAgeSeconds ?? config.absoluteSeconds)
    const result = await client.signIn({ userAgent: silent, prompt: 'none', maxAgeSeconds })
    if (result) await start(result, true, before)
  }

  const tokens = createTokenSource(keeper, flow, config, silent && silently)
  const awake = keepAwake(keeper, tokens, flow.subscribe)
  const getAccessToken: SessionClient['getAccessToken'] = (options) => tokens.accessToken(options)

  const fetch: SessionClient['fetch'] = (...request) => (config.fetch ?? globalThis.fetch)(...request)
  const { apiFetch, authorized } = createApiFetch({
    apis,
    fetch,
    scheme: dpop ? 'DPoP' : 'Bearer',
    proven: (request) => (dpop ? dpop.attempt(flow.clientKey, request, { fetch }) : request({ fetch })),
    accessToken: tokens.accessToken,
    session: () => keeper.held?.session,
    check: stepUp,
    report: flow.report,
  })

  /** What another sign-in would mend can ask for it: for more than was granted before, not instead of it. */
  function asking(error: ProofkeyError): never {
    const { requirements } = error ?? {}
    if (!requirements) throw error
    const scope = [...new Set([keeper.held?.session.scope, requirements.scope].flatMap(scopes))].join(' ') || undefined
    throw Object.defineProperty(error, 'signIn', {
      value: (options?: SignInOptions) => signIn({ ...requirements, scope, ...options }),
    })
  }

  async function userInfo(): Promise<UserInfo> {
    await getAccessToken()
    const subject = keeper.held?.session.claims?.sub
    if (!subject) throw insufficientScope('openid')
    return requestUserInfo(await flow.metadata(), subject, { ...config, fetch: authorized({}) })
  }

  let restoring: Promise<Session | undefined> | undefined
  async function restore(): Promise<Session | undefined> {
    keeper.join()
    const held = await keeper.sync()
    if (!held && silent && !keeper.idle) {
      await silently().catch((error: ProofkeyError) => {
        // Reported already; what a later try could change is for the app to know.
        if (error.retryable !== false) throw error
      })
    }
    awake.start()
    return keeper.held?.session
  }

  return {
    ...client,
    get session() {
      return keeper.held?.session
    },
    signIn,
    handleCallback: async (options?: CallbackOptions) => adopt(await client.handleCallback(options)),
    restore() {
      restoring ??= restore().finally(() => {
        restoring = undefined
      })
      return restoring
    },
    getAccessToken,
    fetch: (input, init) => apiFetch(input, init).catch(asking),
    userInfo: () => userInfo().catch(asking),
    ...createSignOut(keeper, { ...built, addressBar: { currentUrl, swapUrl } }, config),
    close() {
      awake.stop()
      keeper.leave()
    },
  }
}
