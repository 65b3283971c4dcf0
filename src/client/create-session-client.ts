import type { ProofkeyError } from '../errors.js'
import type { SignInResult } from '../flow/flow.js'
import type { Grant } from '../protocol/complete.js'
import { scopes } from '../protocol/scope.js'
import { requestUserInfo, type UserInfo } from '../protocol/user-info.js'
import type { UserAgent } from '../user-agents/contract.js'
import { memorySessions, type SessionStore } from '../vault/session-store.js'
import { type ApiFetchOptions, type Apis, type ChallengeCheck, checkApis, createApiFetch } from './api-fetch.js'
import type { WithDpop, WithoutDpop } from './config.js'
import { buildClient, type CallbackOptions, type Client, type SignInOptions } from './create-client.js'
import { createSessionKeeper, heldAfter, type Limits, type Session } from './session.js'
import { createSignOut, type SignOutConfig, type SignOutOptions } from './sign-out.js'
import { createTokenSource, nobody, type TokenWish } from './tokens.js'
import { keepAwake } from './wake.js'

export interface SessionClientConfig extends SignOutConfig, Limits {
  /** Where the session is kept. Default `memorySessions()`; `sealedSessions()` outlives a reload and is shared by all tabs. */
  readonly sessionStore?: SessionStore | undefined
  /** Signs in without a page, `frame()`: after a reload, and where the server gives no refresh token. Default: none. */
  readonly silent?: UserAgent | undefined
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
   * @returns undefined where nobody is signed in
   */
  restore(): Promise<Session | undefined>
  /**
   * A valid access token: the one at hand without any I/O, or else a new one. At most one refresh is under way, over all
   * tabs; it goes on when the caller stops waiting.
   * @throws `login_required`, where nobody is signed in, or no more; `timeout`, `aborted`, and what the token request can
   */
  getAccessToken(wish?: TokenWish & { readonly signal?: AbortSignal | undefined }): Promise<string>
  /**
   * `fetch` with an access token in the header, for the origins of `apis` only; others are fetched as they are. On 401
   * one refresh and one retry; with `dpop` also one retry where the API asks for a nonce.
   * @throws what `fetch` and {@link SessionClient.getAccessToken} do; `insufficient_scope`, and with `stepUp`
   * `step_up_required` and `step_up_failed`
   */
  fetch: typeof globalThis.fetch
  /** What the server tells of the person (OpenID Connect Core §5.3). @throws see `getAccessToken`; `endpoint_refused`, `response_refused` */
  userInfo(): Promise<UserInfo>
  /** Signs out: here and in all tabs first, then at the server, whose failures change nothing about that. */
  signOut(options?: SignOutOptions): Promise<void>
  /** Call it on every load of `postLogoutRedirectUri`. @throws `unknown_state` */
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
  const { sessionStore = memorySessions(), apis = {}, silent, stepUp, insecure, dpop, laterResources = [] } = config
  checkApis(apis, insecure)
  const ofApis = Object.values(apis).flatMap(({ resource = [] }) => resource)
  const built = buildClient({ ...config, laterResources: [...laterResources, ...ofApis] })
  const { client, flow } = built
  const proofKey = async () => dpop?.thumbprint(flow.self)
  const keeper = createSessionKeeper(flow.self, sessionStore, config, flow.report, proofKey)
  const adopted = new WeakMap<object, Promise<unknown>>()

  /** One result starts the session once, however often it is handed out. */
  async function adopt(result: SignInResult | undefined): Promise<SignInResult | undefined> {
    if (!result) return result
    const starting =
      adopted.get(result) ??
      // After a redirect, what was before lies in the store.
      keeper.sync().then(async (held) =>
        keeper.keep(heldAfter(result, held, await proofKey()), {
          type: 'session_started',
          scope: result.tokens.scope,
        }),
      )
    adopted.set(result, starting)
    await starting
    awake.start()
    return result
  }

  const signIn = async (options?: SignInOptions) => adopt(await client.signIn(options))
  const silently = silent && (() => signIn({ userAgent: silent, prompt: 'none' }))
  const tokens = createTokenSource(keeper, flow, config, silently)
  const awake = keepAwake(keeper, tokens, flow.subscribe)
  const getAccessToken: SessionClient['getAccessToken'] = (wish) => tokens.accessToken(wish)

  const fetch: SessionClient['fetch'] = (...request) => (config.fetch ?? globalThis.fetch)(...request)
  const scheme = dpop ? 'DPoP' : 'Bearer'
  /** Runs a request that carries an access token, with the proof that the token needs. */
  const proven: ApiFetchOptions['proven'] = (request) =>
    dpop ? dpop.attempt(flow.self, request, { fetch }) : request({ fetch })

  const apiFetch = createApiFetch({
    apis,
    fetch,
    scheme,
    proven,
    accessToken: tokens.accessToken,
    check: (challenge) => stepUp?.(challenge, keeper.held?.session.claims),
    report: flow.report,
  })

  return {
    ...client,
    get session() {
      return keeper.held?.session
    },
    signIn,
    handleCallback: async (options?: CallbackOptions) => adopt(await client.handleCallback(options)),
    async restore() {
      const held = await keeper.sync()
      if (!held && silently) {
        await silently().catch((error: ProofkeyError) => {
          // Reported already; what a later try could change is for the app to know.
          if (error.retryable !== false) throw error
        })
      }
      awake.start()
      return keeper.held?.session
    },
    getAccessToken,
    fetch: (input, init) =>
      apiFetch(input, init).catch((error: ProofkeyError) => {
        if (!error?.wishes) throw error
        const { scope, ...wishes } = error.wishes
        // More than before, not instead of it.
        const all = scope && [...new Set([...scopes(keeper.held?.session.scope), ...scopes(scope)])].join(' ')
        throw Object.defineProperty(error, 'signIn', {
          value: (options?: SignInOptions) => signIn({ ...wishes, ...(all && { scope: all }), ...options }),
        })
      }),
    async userInfo() {
      const authorization = `${scheme} ${await getAccessToken()}`
      const subject = keeper.held?.session.claims?.sub
      if (!subject) throw nobody()
      const server = await flow.metadata()
      return proven((by) => requestUserInfo(server, subject, new Headers({ authorization }), { ...config, ...by }))
    },
    ...createSignOut(keeper, built, config),
    close() {
      awake.stop()
      keeper.leave()
    },
  }
}
