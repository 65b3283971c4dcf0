import { isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { codeOf, errorWith, isProofkeyError } from '../errors.js'
import type { WithFapi2 } from '../flow/fapi2.js'
import { createFlow, otherClient, unlessAborted } from '../flow/flow.js'
import { type Milestones, reported } from '../flow/reported.js'
import { MAX_RETURN_TO_BYTES } from '../limits.js'
import {
  callbackParameters,
  errorWithoutState,
  isCallback,
  malformed,
  otherParameters,
  unknownState,
} from '../protocol/authorize/callback.js'
import { isBadRequest } from '../protocol/bad-request.js'
import { createKeySource, loadKeys } from '../protocol/jose/key-source.js'
import { validateLogoutToken } from '../protocol/sign-out/logout-token.js'
import type { Grant } from '../protocol/token/complete.js'
import type { ExchangeRequest } from '../protocol/token/exchange-at.js'
import { refreshTokens } from '../protocol/token/refresh.js'
import { revokeToken } from '../protocol/token/revoke.js'
import { cookieName } from '../vault/cookie.js'
import { memoryReplayCache } from '../vault/replay-cache.js'
import type { Vault } from '../vault/vault.js'
import { backChannelLogout } from './back-channel-logout.js'
import { bindToBrowser } from './bound-vault.js'
import { readBody } from './edge/body.js'
import { checkServerRedirectUri, cookieMissing } from './edge/callback-url.js'
import { createCookieJar, type RequestCookies } from './edge/cookies.js'
import { requestedUrl } from './edge/forwarded.js'
import { checkResponseHead } from './edge/response-head.js'
import { refuseStart } from './edge/start-guard.js'
import { errorResponse, exchangeCode, readExchange } from './exchange.js'
import { metadataFor } from './metadata-for.js'
import type { ServerClient } from './server-client.js'
import { checkServerConfig, type ServerClientConfig, withServerRules } from './server-client-config.js'
import { createServerSignOut } from './server-sign-out.js'

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
