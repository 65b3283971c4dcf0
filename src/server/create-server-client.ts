import { isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { codeOf, errorWith, isProofkeyError } from '../errors.js'
import type { ProofkeyEvent, Subscribe } from '../events.js'
import { createFlow, otherClient, type SignInResult, type StartOptions, unlessAborted } from '../flow/flow.js'
import { checkConfig, type FlowConfig } from '../flow/flow-config.js'
import { type Milestones, reported } from '../flow/reported.js'
import { MAX_RETURN_TO_BYTES } from '../limits.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { callbackParameters, malformed, unknownState } from '../protocol/authorize/callback.js'
import { type ClientAuth, checkClientAuth } from '../protocol/client-auth/client-auth.js'
import { createKeySource, loadKeys } from '../protocol/jose/key-source.js'
import { validateLogoutToken } from '../protocol/sign-out/logout-token.js'
import type { Grant } from '../protocol/token/complete.js'
import type { ExchangeRequest } from '../protocol/token/exchange-at.js'
import { type RefreshOptions, refreshTokens } from '../protocol/token/refresh.js'
import { revokeToken } from '../protocol/token/revoke.js'
import type { RequestVault } from '../vault/cookie.js'
import type { Vault } from '../vault/vault.js'
import { backChannelLogout, type OnLogout } from './back-channel-logout.js'
import { bindToBrowser } from './bound-vault.js'
import { isBadRequest } from './edge/bad-request.js'
import { readBody } from './edge/body.js'
import { checkServerRedirectUri } from './edge/callback-url.js'
import { createCookieJar, type RequestCookies } from './edge/cookies.js'
import { type ForwardedHeaders, requestedUrl } from './edge/forwarded.js'
import { checkResponseHead } from './edge/response-head.js'
import { refuseStart } from './edge/start-guard.js'
import { readExchange, redeem, refusalResponse } from './exchange.js'
import { memoryReplayCache, type ReplayCache } from './replay-cache.js'
import { createSignOut, type SignedOut, type SignOutOptions } from './server-sign-out.js'

/** What a {@link ServerClient} is made from. */
export interface ServerClientConfig extends FlowConfig {
  /** How the client proves itself: chosen, never guessed. PKCE is there besides. */
  readonly clientAuth: ClientAuth
  /**
   * Where sign-ins wait: `sealedCookie({ keys })` needs nothing else; `redisVault` and `memoryVault({ maxRecords })`
   * promise single use.
   */
  readonly vault: (Vault & { readonly runsOn?: never }) | RequestVault
  /** Where the answer is put. Default `query`; `form_post` needs cookies that cross sites (`SameSite=None`). */
  readonly responseMode?: 'query' | 'form_post' | undefined
  /**
   * Behind how many proxies the server is, and so which values of `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix`, or
   * of `Forwarded` (RFC 7239), are believed. Default: none.
   */
  readonly forwardedHeaders?: ForwardedHeaders | undefined
  /** Where used logout tokens are remembered. Default `memoryReplayCache()`; many servers share a `redisReplayCache`. */
  readonly replayCache?: ReplayCache | undefined
}

/** A finished sign-in, and the headers (`Set-Cookie`, `Cache-Control`) that the response must carry. */
export interface ServerSignInResult extends SignInResult {
  readonly headers: Headers
}

/** A client of one authorization server, for an app that renders on the server. */
export interface ServerClient {
  /**
   * Starts a sign-in: answers a navigation with 303 to the authorization server and the sealed transaction in a cookie.
   * A prefetch, any other fetch, and a cross-site frame or form get 403: nobody starts a sign-in for somebody else
   * unseen. `Sec-Fetch-Site` decides, and `Origin` where a browser sends none. `returnTo` may have 800 bytes.
   * @throws `config_invalid`, `insecure_context`, `storage_unavailable`, `storage_full`, `client_auth_unsupported`,
   * `aborted`, and what discovery throws
   */
  signIn(request: Request, options?: StartOptions & { readonly signal?: AbortSignal | undefined }): Promise<Response>
  /**
   * Finishes the sign-in that this request is the callback of.
   * @throws a `ProofkeyError` with `headers` to answer with: they delete the cookie or, where the error is `retryable`,
   * set it again. The codes are those of the browser's `handleCallback`.
   */
  handleCallback(request: Request, options?: { readonly signal?: AbortSignal | undefined }): Promise<ServerSignInResult>
  /**
   * Redeems a code for a client that kept the verifier itself, with this client's authentication.
   * @throws what the token request can; see `handleCallback`
   */
  exchange(request: ExchangeRequest, options?: { readonly signal?: AbortSignal | undefined }): Promise<Grant>
  /**
   * The backend of a browser app's `exchangeAt`: takes code and verifier, redeems them with this client's
   * authentication, and answers with what `respond` makes of the grant. What this client is configured to demand
   * (`scope` with `openid`, `requiredScope`, `acrValues`, `maxAgeSeconds`, `resource`) holds, whatever the browser says;
   * what the browser demands can only make it stricter. A token response without `scope` meets no `requiredScope` here
   * (RFC 6749 §5.1: what was asked for is not known to this server). `auth_time` may be 60 seconds older than
   * `maxAgeSeconds` when the ID token is issued. Only for the same origin; no CORS header is ever sent. A refusal is
   * answered as JSON that `exchangeAt` turns back into its error; what `respond` fails with is thrown.
   */
  handleExchange(request: Request, respond: (grant: Grant) => Response | Promise<Response>): Promise<Response>
  /** Trades a refresh token for new tokens; see {@link refreshTokens}. */
  refresh(
    refreshToken: string,
    options?: Pick<RefreshOptions, 'scope' | 'resource' | 'previousClaims' | 'signal'>,
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
   * Sends the person on to end the session at the authorization server too: 303 to its `end_session_endpoint` with
   * `client_id`, `id_token_hint` and a one-time `state`, kept as a sign-in is (OpenID Connect RP-Initiated Logout 1.0).
   * An ID token that would make the response's head longer than proxies take is left out (event `id_token_hint_omitted`).
   * End your own session in the same response. Nothing at the server can hold that up: where it has no such endpoint, or
   * is out of reach, the person goes straight to `postLogoutRedirectUri`, if that is of this origin, or to `returnTo`.
   * A prefetch, any other fetch, a cross-site frame, form or link get 403, and nobody is to be signed out.
   * @throws `config_invalid` where `postLogoutRedirectUri` is no absolute URL
   */
  signOut(request: Request, options?: SignOutOptions): Promise<Response>
  /**
   * Receives the person at `postLogoutRedirectUri` and checks `state`, once.
   * @throws `unknown_state`, with `headers` to answer with: this browser sent nobody there, or it took too long
   */
  handleSignedOut(request: Request): Promise<SignedOut>
  /**
   * The `backchannel_logout_uri`: checks the logout token that the server posts (OpenID Connect Back-Channel Logout 1.0
   * §2.6), calls `onLogout` to end the sessions it names, on every server, and answers 200; or 400 where the token is
   * refused, was used before, is being handled, or `onLogout` fails or takes over 60 seconds, after which the same token
   * may come again: ending sessions twice must do no harm. What `onLogout` throws goes no further (event
   * `back_channel_logout_failed`, `unexpected`): log it there. Its sessions' refresh tokens are to be
   * revoked, but for those granted with `offline_access` (§2.7).
   */
  handleBackChannelLogout(request: Request, onLogout: OnLogout): Promise<Response>
  /** Loads the server's metadata ahead of time. */
  preload(): Promise<void>
  /** Listens to what happens; returns its own undo. */
  readonly subscribe: Subscribe<ProofkeyEvent>
}

/**
 * A confidential client for apps that render on the server: Web `Request` in, `Response` out. Make it once.
 * @throws `config_invalid`; for `metadata` given by hand what discovery throws
 */
export function createServerClient(config: ServerClientConfig): ServerClient {
  checkServerConfig(config)
  const { clientAuth, clientId, redirectUri, responseMode, forwardedHeaders, timeoutSeconds, insecure } = config
  const requests = { clientAuth, dpop: config.dpop, fetch: config.fetch, timeoutSeconds, insecure }
  const flow = createFlow({ ...config, maxReturnToBytes: MAX_RETURN_TO_BYTES })

  const metadata = async () => {
    const server = await flow.metadata()
    try {
      checkClientAuth(server, clientAuth)
    } catch (error) {
      flow.report({ type: 'metadata_failed', code: codeOf(error), stale: false })
      throw error
    }
    return server
  }
  const jarOf = ({ headers }: Request) =>
    createCookieJar(headers.get('cookie'), {
      sameSite: responseMode === 'form_post' ? 'None' : 'Lax',
      report: flow.report,
    })
  const vaultOf = (jar: RequestCookies): Vault =>
    'bind' in config.vault ? config.vault.bind(jar) : bindToBrowser(config.vault, jar)
  const headersOf = (jar: RequestCookies, more?: HeadersInit) => {
    const headers = new Headers(more)
    headers.set('cache-control', 'no-store')
    headers.set('referrer-policy', 'no-referrer')
    for (const change of jar.changes()) headers.append('set-cookie', change)
    return headers
  }

  async function handleCallback(request: Request, { signal }: { signal?: AbortSignal | undefined } = {}) {
    const jar = jarOf(request)
    let state = ''
    try {
      if (isBadRequest(request)) throw malformed('came without a valid Host')
      if (request.method !== (responseMode === 'form_post' ? 'POST' : 'GET'))
        throw malformed('came by the wrong method')
      const url = requestedUrl(request, forwardedHeaders)
      const form = responseMode === 'form_post' ? await readForm(request) : undefined
      state = (form ?? callbackParameters(url)).get('state') ?? ''
      if (!isTicket(state)) throw unknownState()
      if (!ticketIsTaggedFor(state, flow.clientKey)) throw otherClient()
      // Before anything is taken: a proxy that is set wrong costs nobody their sign-in.
      checkServerRedirectUri(redirectUri, url, { headers: request.headers, trust: forwardedHeaders })
      const result = await flow.complete([vaultOf(jar)], url.href, state, { signal, ...(form && { form }) })
      return { ...result, headers: headersOf(jar) }
    } catch (error) {
      throw withHeaders(flow.failed(error, isTicket(state) ? await ticketId(state) : undefined), headersOf(jar))
    }
  }

  const keys = createKeySource(
    async () => loadKeys(await flow.metadata(), requests),
    (error, stale) => flow.report({ type: 'keys_failed', code: codeOf(error), stale }),
  )
  const logout = {
    clientKey: flow.clientKey,
    report: flow.report,
    replayCache: config.replayCache ?? memoryReplayCache(),
    validate: async (token: string) =>
      validateLogoutToken(await flow.metadata(), clientId, token, { ...requests, keys }),
  }

  const redeemed = async (request: ExchangeRequest, options = {}) =>
    redeem(await metadata(), clientId, request, { ...requests, signature: config.signature, ...options }, config)

  return {
    exchange: (request, options) => reported(flow.report, EXCHANGE, () => redeemed(request, options)),
    async handleExchange(request, respond) {
      let grant: Grant | undefined
      const completed = () => EXCHANGE.completed(grant as Grant)
      const work = async () => {
        grant = await redeemed(await readExchange(request, redirectUri))
        return respond(grant)
      }
      return reported(flow.report, { ...EXCHANGE, completed }, work).catch((error) => {
        // What `respond` fails with is the app's own.
        if (grant) throw error
        return refusalResponse(error)
      })
    },
    async signIn(request, { signal, ...options } = {}) {
      const refused = refuseStart(request, 'sign-in', new URL(redirectUri).origin)
      if (refused) {
        flow.failed(refused.error)
        return refused.response
      }
      try {
        await unlessAborted(metadata(), signal)
      } catch (error) {
        throw flow.failed(error)
      }
      const jar = jarOf(request)
      const { url, id } = await flow.start([vaultOf(jar)], options, signal)
      const headers = headersOf(jar, { location: url.href })
      try {
        checkResponseHead(headers)
      } catch (error) {
        throw flow.failed(error, id)
      }
      return new Response(null, { status: 303, headers })
    },
    handleCallback,
    refresh: (refreshToken, options) =>
      reported(flow.report, REFRESH, async () =>
        refreshTokens(await metadata(), clientId, refreshToken, {
          ...requests,
          signature: config.signature,
          ...options,
        }),
      ),
    revoke(token, options) {
      const kind = options?.tokenTypeHint
      const events: Milestones<void> = {
        started: { type: 'revocation_started', token: kind },
        completed: () => ({ type: 'token_revoked', token: kind }),
        failed: (code) => ({ type: 'revocation_failed', token: kind, code }),
      }
      const work = async () => revokeToken(await metadata(), clientId, token, { ...requests, ...options })
      return reported(flow.report, events, work)
    },
    ...createSignOut({ ...flow, config, jarOf, vaultOf, headersOf, withHeaders }),
    handleBackChannelLogout: (request, onLogout) => backChannelLogout(request, onLogout, logout),
    preload: async () => void (await metadata()),
    subscribe: flow.subscribe,
  }
}

const EXCHANGE: Milestones<Grant> = {
  started: { type: 'exchange_started' },
  completed: ({ tokens }) => ({ type: 'exchange_completed', scope: tokens.scope }),
  failed: (code) => ({ type: 'exchange_failed', code }),
}

const REFRESH: Milestones<Grant> = {
  started: { type: 'refresh_started' },
  completed: ({ tokens }) => ({ type: 'tokens_refreshed', scope: tokens.scope }),
  failed: (code) => ({ type: 'refresh_failed', code }),
}

/** A copy: one error may be thrown to many requests, and headers are one browser's. Not enumerable: errors are logged. */
function withHeaders(error: unknown, headers: Headers): unknown {
  if (!isProofkeyError(error)) return error
  return Object.defineProperty(errorWith(error, {}), 'headers', { value: headers })
}

const readForm = async (request: Request) =>
  new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded'))

function checkServerConfig(config: ServerClientConfig): void {
  checkConfig(config)
  const { clientAuth, vault, responseMode = 'query', forwardedHeaders, replayCache } = config
  const problems = []
  if (!['query', 'form_post'].includes(responseMode)) problems.push('responseMode: query or form_post')
  if (forwardedHeaders !== undefined && !isForwardedHeaders(forwardedHeaders))
    problems.push("forwardedHeaders: { hops: 1 to 20 }, with header 'x-forwarded' or 'forwarded', or left out")
  if (typeof clientAuth?.authenticate !== 'function')
    problems.push('clientAuth: none() or how the client proves itself')
  if (
    replayCache &&
    ![replayCache.claim, replayCache.commit, replayCache.release].every((method) => typeof method === 'function')
  )
    problems.push('replayCache: memoryReplayCache() or redisReplayCache({ client })')
  if (!vault || !('bind' in vault || 'put' in vault))
    problems.push('vault: sealedCookie({ keys }), redisVault or memoryVault({ maxRecords })')
  else if ('runsOn' in vault)
    problems.push('vault: memoryVault({ maxRecords: 10_000 }) or the like; anybody can start sign-ins on a server')
  if (problems[0]) throw configInvalid(problems)
}

function isForwardedHeaders(value: unknown): boolean {
  const { hops, header = 'forwarded' } = Object(value)
  return Number.isInteger(hops) && hops >= 1 && hops <= 20 && ['forwarded', 'x-forwarded'].includes(header)
}
