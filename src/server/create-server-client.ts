import { isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { codeOf, errorWith, isProofkeyError } from '../errors.js'
import type { ProofkeyEvent, Subscribe } from '../events.js'
import type { WithFapi2 } from '../flow/fapi2.js'
import { createFlow, otherClient, type SignInResult, type StartOptions, unlessAborted } from '../flow/flow.js'
import { checkConfig, type FlowConfig } from '../flow/flow-config.js'
import { type Milestones, reported } from '../flow/reported.js'
import { MAX_RETURN_TO_BYTES } from '../limits.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import {
  callbackParameters,
  errorWithoutState,
  isCallback,
  malformed,
  otherParameters,
  unknownState,
} from '../protocol/authorize/callback.js'
import { isBadRequest } from '../protocol/bad-request.js'
import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import { createKeySource, loadKeys } from '../protocol/jose/key-source.js'
import { type Provider, type ServerProvider, serverRules } from '../protocol/provider.js'
import { validateLogoutToken } from '../protocol/sign-out/logout-token.js'
import type { Grant } from '../protocol/token/complete.js'
import type { ExchangeRequest } from '../protocol/token/exchange-at.js'
import { type RefreshOptions, refreshTokens } from '../protocol/token/refresh.js'
import { revokeToken } from '../protocol/token/revoke.js'
import { cookieName, type RequestVault } from '../vault/cookie.js'
import { memoryReplayCache, type ReplayCache } from '../vault/replay-cache.js'
import type { Vault } from '../vault/vault.js'
import { backChannelLogout, type OnLogout } from './back-channel-logout.js'
import { bindToBrowser } from './bound-vault.js'
import { readBody } from './edge/body.js'
import { checkServerRedirectUri, cookieMissing } from './edge/callback-url.js'
import { createCookieJar, type RequestCookies } from './edge/cookies.js'
import { type ForwardedHeaders, requestedUrl } from './edge/forwarded.js'
import { checkResponseHead } from './edge/response-head.js'
import { refuseStart } from './edge/start-guard.js'
import { errorResponse, exchangeCode, readExchange } from './exchange.js'
import { metadataFor } from './metadata-for.js'
import { createServerSignOut, type SignedOut, type SignOutOptions } from './server-sign-out.js'

/** Options of {@link createServerClient}. */
export interface ServerClientConfig extends Omit<FlowConfig, 'provider'> {
  /** The client authentication. There is no default. PKCE is always used too. */
  readonly clientAuth: ClientAuth
  /**
   * Stores pending sign-ins: `sealedCookie({ keys })` needs no other service; `redisVault` and `memoryVault({ maxRecords })`
   * guarantee single use.
   */
  readonly vault: (Vault & { readonly runsOn?: never }) | RequestVault
  /** How the server sends the response. Default `query`; `form_post` needs cross-site cookies (`SameSite=None`). */
  readonly responseMode?: 'query' | 'form_post' | undefined
  /**
   * The number of proxies in front of the server, and with it the values of `X-Forwarded-Proto`, `-Host`, `-Port` and
   * `-Prefix`, or of `Forwarded` (RFC 7239), that are trusted. Default: none.
   */
  readonly forwardedHeaders?: ForwardedHeaders | undefined
  /** How this server differs from the standards: part of an entry of `proofkey/providers`. Default: not at all. */
  readonly provider?: Provider | ServerProvider | undefined
  /** Stores used logout tokens. Default `memoryReplayCache()`; several servers share a `redisReplayCache`. */
  readonly replayCache?: ReplayCache | undefined
  /** Set by `fapi2()` only, together with what it decides. */
  readonly profile?: undefined
}

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

/**
 * Creates a client for server-side apps, with Web `Request` and `Response`. Create it once.
 * @throws `config_invalid`; with the `metadata` option also the errors of discovery
 * @example
 * ```ts
 * import { createServerClient, clientSecretBasic, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 *
 * export const login = (request: Request) => auth.signIn(request, { returnTo: '/inbox' })
 * export async function callback(request: Request): Promise<Response> {
 *   const { claims, headers } = await auth.handleCallback(request)
 *   return Response.json({ hello: claims?.sub }, { headers })
 * }
 * ```
 */
export function createServerClient(given: ServerClientConfig | WithFapi2<ServerClientConfig>): ServerClient {
  return buildServerClient(given as ServerClientConfig).client
}

/**
 * The client, and what a session client uses of it.
 * @param jarOfRequest the cookies of a request. Default: new ones for each call
 */
export function buildServerClient(
  given: ServerClientConfig,
  jarOfRequest?: (request: Request, create: () => RequestCookies) => RequestCookies,
) {
  const config = withServerRules(given)
  const { provider, rar } = config
  checkServerConfig(config)
  const { clientAuth, clientId, redirectUri, responseMode, forwardedHeaders, timeoutSeconds, insecure } = config
  const requests = { clientAuth, dpop: config.dpop, fetch: config.fetch, timeoutSeconds, insecure, provider, rar }
  const flow = createFlow({ ...config, maxReturnToBytes: MAX_RETURN_TO_BYTES })

  const metadata = metadataFor(clientAuth, flow)
  const newJar = ({ headers }: Request) =>
    createCookieJar(headers.get('cookie'), {
      sameSite: responseMode === 'form_post' ? 'None' : 'Lax',
      report: flow.report,
    })
  const jarOf = (request: Request) => jarOfRequest?.(request, () => newJar(request)) ?? newJar(request)
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
    let hadCookie = true
    try {
      if (isBadRequest(request)) throw malformed('has no valid Host', 'Check the proxy in front of this server.')
      if (request.method !== (responseMode === 'form_post' ? 'POST' : 'GET'))
        throw malformed(
          `was sent with method ${request.method}`,
          'Handle GET requests, or POST with responseMode form_post.',
        )
      const url = requestedUrl(request, forwardedHeaders)
      const form = responseMode === 'form_post' ? await readForm(request) : undefined
      const parameters = form ?? callbackParameters(url)
      state = parameters.get('state') ?? ''
      if (!isTicket(state)) throw errorWithoutState(parameters) ?? unknownState()
      if (!ticketIsTaggedFor(state, flow.clientKey)) throw otherClient()
      // Some servers name their refusal otherwise: the sign-in stays.
      if (!isCallback(parameters)) throw malformed('contains no code and no error')
      // Check before the record is taken, so that a wrong proxy setting does not use it up.
      checkServerRedirectUri(redirectUri, url, { headers: request.headers, trust: forwardedHeaders })
      // Asked first: the vault deletes it.
      hadCookie = jar.get(cookieName(await ticketId(state))) !== undefined
      const result = await flow.complete(vaultOf(jar), url.href, state, { signal, ...(form && { form }) })
      return { ...result, callbackParameters: otherParameters(parameters), headers: headersOf(jar) }
    } catch (error) {
      const shown = !hadCookie && codeOf(error) === 'unknown_state' ? cookieMissing(redirectUri) : error
      throw withHeaders(flow.failed(shown, isTicket(state) ? await ticketId(state) : undefined), headersOf(jar))
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

  const exchanged = async (request: ExchangeRequest, options = {}) =>
    exchangeCode(await metadata(), clientId, request, { ...options, ...requests, signature: config.signature }, config)

  const client: ServerClient = {
    exchange: (request, options) => reported(flow.report, EXCHANGE, () => exchanged(request, options)),
    async handleExchange(request, respond) {
      let grant: Grant | undefined
      const completed = () => EXCHANGE.completed(grant as Grant)
      const work = async () => {
        grant = await exchanged(await readExchange(request, redirectUri))
        return respond(grant)
      }
      return reported(flow.report, { ...EXCHANGE, completed }, work).catch((error) => {
        // An error of `respond` belongs to the app.
        if (grant) throw error
        return errorResponse(error)
      })
    },
    async signIn(request, { signal, ...options } = {}) {
      const refused = refuseStart(request, 'sign-in', new URL(redirectUri).origin, config.profile && 'own pages')
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
      const { url, id } = await flow.start(vaultOf(jar), options, signal)
      const headers = headersOf(jar, { location: url.href })
      try {
        checkResponseHead(headers)
      } catch (error) {
        // Those that gave way go all the same: deleting them takes room in this head, and will not in the next one.
        jar.delete(cookieName(id))
        throw withHeaders(flow.failed(error, id), headersOf(jar))
      }
      return new Response(null, { status: 303, headers })
    },
    handleCallback,
    refresh: (refreshToken, options) =>
      reported(flow.report, REFRESH, async () =>
        refreshTokens(await metadata(), clientId, refreshToken, {
          ...options,
          ...requests,
          signature: config.signature,
        }),
      ),
    revoke(token, options) {
      const kind = options?.tokenTypeHint
      const events: Milestones<void> = {
        started: { type: 'revocation_started', token: kind },
        completed: () => ({ type: 'token_revoked', token: kind }),
        failed: (code) => ({ type: 'revocation_failed', token: kind, code }),
      }
      const work = async () => revokeToken(await metadata(), clientId, token, { ...options, ...requests })
      return reported(flow.report, events, work)
    },
    ...createServerSignOut({ ...flow, config, jarOf, vaultOf, headersOf, withHeaders }),
    handleBackChannelLogout: (request, onLogout) => backChannelLogout(request, onLogout, logout),
    preload: async () => void (await metadata()),
    subscribe: flow.subscribe,
  }
  return { client, flow: { ...flow, metadata }, jarOf, headersOf }
}

/** The configuration with the rules that the provider has for servers. */
export const withServerRules = <Config extends Pick<ServerClientConfig, 'provider'>>(given: Config) => ({
  ...given,
  provider: serverRules.get(Object(given.provider)) ?? (given.provider as Provider | undefined),
})

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

/** Adds headers to a copy, because several requests can receive one error. Not enumerable, because errors are logged. */
export function withHeaders(error: unknown, headers: Headers): unknown {
  if (!isProofkeyError(error)) return error
  return Object.defineProperty(errorWith(error, {}), 'headers', { value: headers })
}

const readForm = async (request: Request) =>
  new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded'))

function checkServerConfig(config: ServerClientConfig & FlowConfig): void {
  checkConfig(config)
  const { clientAuth, vault, responseMode = 'query', forwardedHeaders, replayCache } = config
  const problems = []
  if (!['query', 'form_post'].includes(responseMode)) problems.push('responseMode (string): must be query or form_post')
  if (forwardedHeaders !== undefined && !isForwardedHeaders(forwardedHeaders))
    problems.push("forwardedHeaders (object): must be { hops: 1 to 20, header?: 'x-forwarded' or 'forwarded' }")
  if (typeof clientAuth?.authenticate !== 'function')
    problems.push(
      'clientAuth (object): must be a client authentication method, for example clientSecretBasic(secret), or none()',
    )
  if (
    replayCache &&
    ![replayCache.claim, replayCache.commit, replayCache.release].every((method) => typeof method === 'function')
  )
    problems.push('replayCache (object): must be memoryReplayCache() or redisReplayCache({ client })')
  if (!vault || !('bind' in vault || 'put' in vault))
    problems.push(
      'vault (object): must be sealedCookie({ keys }), redisVault({ client, keys }) or memoryVault({ maxRecords })',
    )
  else if ('runsOn' in vault)
    problems.push(
      'vault (object): on a server memoryVault() needs { maxRecords }, for example 10_000, because anyone can start sign-ins',
    )
  if (problems[0]) throw configInvalid(problems)
}

function isForwardedHeaders(value: unknown): boolean {
  const { hops, header = 'forwarded' } = Object(value)
  return Number.isInteger(hops) && hops >= 1 && hops <= 20 && ['forwarded', 'x-forwarded'].includes(header)
}
