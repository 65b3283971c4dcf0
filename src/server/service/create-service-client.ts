import { errorWith, isProofkeyError, ProofkeyError } from '../../errors.js'
import type { ProofkeyEvent, Subscribe } from '../../events.js'
import { unlessAborted } from '../../flow/flow.js'
import { reported } from '../../flow/reported.js'
import { createServerContext } from '../../flow/server-context.js'
import type { Fetch } from '../../protocol/request.js'
import { clientCredentialsGrant } from '../../protocol/token/client-credentials.js'
import {
  type ExchangedToken,
  exchangeToken,
  type TOKEN_TYPES,
  type TokenExchangeRequest,
  type TokenTypeIdentifier,
} from '../../protocol/token/token-exchange.js'
import { fetchOf, routesTo, senderOf } from '../../session/api-fetch.js'
import { createTokenFetch } from '../../session/token-fetch.js'
import { metadataFor } from '../metadata-for.js'
import { checkServiceConfig, type ServiceClientConfig } from './service-config.js'
import { createServiceTokens, type ServiceTokenOptions } from './service-tokens.js'

/** A client that calls APIs in its own name, and exchanges tokens of its callers. */
export interface ServiceClient {
  /**
   * An access token of the client itself (client credentials, RFC 6749 §4.4), without a user. Each combination of `scope`,
   * `resource` and `audience` has its own; each that is undefined is as in the configuration. A token is cached in memory
   * until shortly before it expires, the last 1000 of them, and only one request for it runs at a time. If the request for its
   * successor fails, it is used on while it is valid. Failed requests back off, up to 60 seconds, or as long as the server
   * says; meanwhile the error is that of the last one.
   * @throws the errors of {@link clientCredentialsGrant} and of discovery; `aborted`, if `signal` ended the wait: the request
   * goes on for others
   */
  getAccessToken(options?: ServiceTokenOptions): Promise<string>
  /**
   * `fetch` with the client's access token for the origins in `apis`, like the `fetch` of `createApiFetch`: other requests
   * are sent unchanged, and after status 401 there is one new token and one more attempt. It takes what `fetch` takes.
   * @throws what `fetch` and `getAccessToken` throw; the `reason` of your `signal`; `insufficient_scope`
   */
  fetch: Fetch
  /**
   * Exchanges a token (RFC 8693), for example the access token of a user for one of a downstream API. Nothing is cached, and
   * the defaults of the configuration do not apply: name the `audience`, `resource` or `scope`.
   * @throws the errors of {@link exchangeToken} and of discovery
   */
  exchange<Requested extends TokenTypeIdentifier = (typeof TOKEN_TYPES)['accessToken']>(
    request: TokenExchangeRequest<Requested> & { readonly signal?: AbortSignal | undefined },
  ): Promise<ExchangedToken<Requested>>
  /** Loads the server's metadata in advance. */
  preload(): Promise<void>
  /** Subscribes to events. */
  readonly subscribe: Subscribe<ProofkeyEvent>
}

/**
 * Creates a client for a service: access tokens of its own, and token exchange. Create it once, because it caches.
 * @throws `config_invalid`; with the `metadata` option also the errors of discovery
 * @example
 * ```ts
 * import { createServiceClient, privateKeyJwt } from 'proofkey/server'
 *
 * const service = createServiceClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'invoices',
 *   clientAuth: privateKeyJwt(process.env['CLIENT_KEY'] ?? '', { algorithm: 'ES256' }),
 *   apis: { 'https://orders.example.com': { scope: 'orders:read' } },
 * })
 * const orders = await service.fetch('https://orders.example.com/v1/orders')
 * ```
 */
export function createServiceClient(given: ServiceClientConfig): ServiceClient {
  const config = checkServiceConfig(given)
  const { clientId, clientAuth, apis } = config
  const context = createServerContext(config)
  const { report, clientKey } = context
  const metadata = metadataFor(clientAuth, context)
  const requests = {
    ...{ clientAuth, dpop: config.dpop, provider: config.provider },
    ...{ fetch: config.fetch, timeoutSeconds: config.timeoutSeconds, insecure: config.insecure },
  }

  /** Reports a token request, and what the server has granted. */
  async function granted<Token extends { readonly scope: string }>(
    grant: 'client_credentials' | 'token_exchange',
    scope: string | undefined,
    work: () => Promise<Token>,
  ): Promise<Token> {
    const token = await reported(
      report,
      {
        started: { type: 'token_requested', grant },
        completed: (token: Token) => ({ type: 'token_received', grant, scope: token.scope }),
        failed: (code) => ({ type: 'token_request_failed', grant, code }),
      },
      work,
    )
    if (scope) context.reportScope(scope, token.scope)
    return token
  }

  const tokens = createServiceTokens(
    (target, fetch) =>
      granted('client_credentials', target.scope, async () =>
        clientCredentialsGrant(await metadata(), clientId, { ...requests, ...target, fetch }),
      ),
    config,
  )
  const apiFetch = createTokenFetch({
    ...routesTo(apis, fetchOf(config), report),
    ...senderOf(config, clientKey),
    accessToken: tokens.accessToken,
    session: () => undefined,
    report,
  })

  return {
    getAccessToken: async (options = {}) => (await tokens.accessToken(options)).accessToken,
    fetch: (...request) =>
      apiFetch(...request).catch((error) => {
        throw withoutSignIn(error)
      }),
    exchange: async (request) =>
      granted('token_exchange', request.scope, async () =>
        exchangeToken(await unlessAborted(metadata(), request.signal), clientId, { ...request, ...requests }),
      ),
    preload: async () => void (await metadata()),
    subscribe: context.subscribe,
  }
}

/** An API's demand for more scope: no sign-in can help a service. */
function withoutSignIn(error: unknown): unknown {
  if (!isProofkeyError(error)) return error
  const hint = 'Name the scope in apis, and allow it for this client on the server.'
  if (error.code === 'insufficient_scope') return errorWith(error, {}, hint)
  return error.code === 'step_up_failed'
    ? new ProofkeyError(
        'insufficient_scope',
        'The API requires a scope that its token already has.',
        'Check how the API reads its token.',
      )
    : error
}
