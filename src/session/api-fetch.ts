import type { ProofkeyError, SignInRequirements } from '../errors.js'
import type { StartOptions } from '../flow/flow.js'
import { joinDemands } from '../protocol/jose/id-token.js'
import type { Fetch, RequestOptions } from '../protocol/request.js'
import { joinScopes } from '../protocol/scope.js'
import type { Apis } from './apis.js'
import { partsOf, type SessionOwner, type SessionParts } from './session-parts.js'
import { createTokenFetch, stepUpFailed, type TokenFetchOptions } from './token-fetch.js'

/**
 * Creates a `fetch` that adds the session's access token to requests for the origins in `apis`. Create it once. Other
 * requests are sent unchanged. It takes what `fetch` takes, and passes your `fetch` one `Request` built from it (Fetch §5.4).
 * On status 401 it refreshes the token and retries once, except for a stream passed as `body`: then the 401 response is
 * returned. If an API refuses a new token too, there is no further refresh for it for one minute. With `dpop` it also retries
 * once if the API requires a nonce.
 *
 * An origin that may be missing in `apis` is reported, once (`api_not_listed`): its host is in the list with another scheme
 * or port, or it answered 401 to a request without credentials.
 *
 * The `fetch` that it returns throws the errors of `fetch` and of `getAccessToken`; the `reason` of your `signal`;
 * `insufficient_scope`, `step_up_failed`, and with `stepUp` also `step_up_required`.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createApiFetch, createSessionClient } from 'proofkey'
 *
 * const auth = createSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   apis: { 'https://api.example.com': {} },
 * })
 * const apiFetch = createApiFetch(auth)
 * const orders = await apiFetch('https://api.example.com/orders')
 * ```
 */
export function createApiFetch(auth: SessionOwner): Fetch {
  const parts = partsOf(auth)
  return tokenFetch(parts, routesTo(parts.config.apis ?? {}, fetchOf(parts.config), parts.flow.report))
}

/** The `fetch` option, or the global one of the moment. */
export const fetchOf =
  ({ fetch }: Pick<RequestOptions, 'fetch'>): Fetch =>
  (...request) =>
    ((fetch ?? globalThis.fetch) as Fetch)(...request)

/** Which requests get which token, and how the others are sent. */
export function routesTo(
  apis: Apis,
  fetch: Fetch,
  report: TokenFetchOptions['report'],
): Pick<TokenFetchOptions, 'pick' | 'plain'> {
  const listed = Object.keys(apis).map((origin) => ({ origin, hostname: new URL(origin).hostname }))
  const reported = new Set<string>()
  return {
    // A blob: URL has the origin of the page that made it, and goes nowhere.
    pick: ({ origin, protocol }) => (/^http/.test(protocol) && Object.hasOwn(apis, origin) ? apis[origin] : undefined),

    async plain(request) {
      const { hostname, origin } = new URL(request.url)
      const similar = listed.find((one) => one.hostname === hostname.replace(/\.$/, ''))?.origin
      const tell = () => {
        if (!reported.has(origin)) report({ type: 'api_not_listed', origin, similar })
        reported.add(origin)
      }
      // Before the request: CORS may hide the response of a host that is spelled otherwise.
      if (similar) tell()
      const isAnonymous = !request.headers.has('authorization')
      const response = await fetch(request)
      if (response.status === 401 && isAnonymous) tell()
      return response
    },
  }
}

/** How requests with a token are sent: with `dpop`, each has a proof of the client's key. */
export function senderOf(
  config: Pick<SessionParts['config'], 'dpop' | 'fetch'>,
  clientKey: string,
): Pick<TokenFetchOptions, 'scheme' | 'send'> {
  const { dpop } = config
  const fetch = fetchOf(config)
  return {
    scheme: dpop ? 'DPoP' : 'Bearer',
    send: ({ once, copy }) =>
      dpop ? dpop.attempt(clientKey, ({ fetch }) => fetch(copy()), { fetch, once }) : fetch(copy()),
  }
}

/** A `fetch` with the session's tokens, whose errors have `signIn()` where another sign-in can help. */
export function tokenFetch(
  { config, flow, machine, tokens, signIn }: SessionParts,
  routes: Pick<TokenFetchOptions, 'pick' | 'plain'>,
): Fetch {
  const send = createTokenFetch({
    ...routes,
    ...senderOf(config, flow.clientKey),
    accessToken: tokens.accessToken,
    session: () => machine.current?.session,
    check: config.stepUp,
    report: flow.report,
  })
  return (...request) => send(...request).catch((error) => withSignIn(error, { config, machine, signIn }))
}

/** The configuration is the minimum. @throws `step_up_failed` if no sign-in could meet both */
export function checkRequirements(requirements: SignInRequirements, config: SessionParts['config']): void {
  if (!joinDemands(config, requirements)) throw stepUpFailed('Add the acr that the API asks for to acrValues.')
}

/** Adds `signIn()` to an error that another sign-in can solve. Its scope includes what is granted already. */
export function withSignIn(
  error: ProofkeyError,
  { config, machine, signIn }: Pick<SessionParts, 'config' | 'machine' | 'signIn'>,
): never {
  const { requirements } = error ?? {}
  if (!requirements || error.signIn) throw error
  checkRequirements(requirements, config)
  const scope = joinScopes(machine.current?.session.scope, requirements.scope)
  throw Object.defineProperty(error, 'signIn', {
    value: (options?: StartOptions) => signIn({ ...requirements, scope, ...options }),
  })
}
