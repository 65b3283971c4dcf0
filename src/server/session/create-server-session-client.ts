import { codeOf, isProofkeyError } from '../../errors.js'
import type { ProofkeyEvent, Subscribe } from '../../events.js'
import type { WithFapi2 } from '../../flow/fapi2.js'
import type { StartOptions } from '../../flow/flow.js'
import { joinScopes } from '../../protocol/scope.js'
import { checkRequirements } from '../../session/api-fetch.js'
import type { AccessToken, Session } from '../../session/session-record.js'
import { judgeChallenge } from '../../session/token-fetch.js'
import { ENDED, type GetAccessTokenOptions, nobody } from '../../session/token-source.js'
import { buildServerClient } from '../create-server-client.js'
import type { SignOutOptions } from '../server-sign-out.js'
import { createBackground } from './background.js'
import { createSignInCompletion } from './complete-sign-in.js'
import { createForward } from './forward.js'
import type { ForwardTarget } from './forward-target.js'
import { createLiveSessions } from './live-sessions.js'
import { memoryServerSessions } from './memory-server-sessions.js'
import { createContexts, createRequestSessions, headersOf } from './request-sessions.js'
import { createRoutes } from './routes.js'
import { checkSessionConfig, type ServerSessionClientConfig } from './server-session-config.js'
import { serverSessionParts } from './server-session-parts.js'
import { createSessionSignOut } from './session-sign-out.js'
import { createSignInLinks } from './sign-in-links.js'

/** What a request's session is. */
export interface ServerSessionResult {
  /** Undefined if no user is signed in. It contains no token. */
  readonly session: Session | undefined
  /** When it ends by a limit if it is not used; milliseconds since the epoch, `Infinity` without a limit. */
  readonly endsAtMs: number
  /** Headers to add to the response (`Set-Cookie`), if there are any. */
  readonly headers: Headers
}

/** Signs users in and keeps their sessions on the server: the browser has a cookie, no token (RFC 10017 §6.1). */
export interface ServerSessionClient {
  /**
   * Serves the endpoints, by path:
   * - `GET {path}/sign-in?returnTo=`: starts a sign-in; `acr_values` and `max_age` can make it stricter.
   * - the path of `redirectUri`: completes it, and redirects to `returnTo`.
   * - `GET {path}/session`: the session as JSON, `{ session: { claims, scope, startedAtMs, endsAtMs } }` or
   *   `{ session: null }`. It does not count as use of the session.
   * - `POST {path}/sign-out?returnTo=`: signs out, here and at the server; only a form of this origin can.
   * - the path of `postLogoutRedirectUri`, with a `state`: the return from the server's sign-out. It redirects to `returnTo`.
   * - `POST {path}/back-channel-logout`, with a store that can end sessions.
   *
   * It throws no `ProofkeyError`: see `errorResponse`.
   * @returns undefined if the request is for none of them
   */
  handle(request: Request): Promise<Response | undefined>
  /**
   * The session of a request. It counts as use of the session, unless `background` is true: pass that for what the page
   * requests without its user, for example when it polls.
   * @throws `storage_unavailable`: it is not known whether a user is signed in; `retryable`
   */
  session(request: Request, options?: { readonly background?: boolean | undefined }): Promise<ServerSessionResult>
  /**
   * `fetch` with the session's access token for the origins in `apis`, refreshed if necessary, like the `fetch` of
   * `createApiFetch`. It returns the headers for your own response beside the API's: with `sealedCookieSessions` they contain
   * the refreshed tokens, and must not get lost.
   * @throws the errors of `createApiFetch`, with `headers`. `error.signIn()` returns the `Response` that starts the sign-in
   * that the API requires
   */
  fetch(
    request: Request,
    ...target: Parameters<typeof globalThis.fetch>
  ): Promise<{ readonly response: Response; readonly headers: Headers }>
  /**
   * A valid access token of the session, for clients other than `fetch`. Do not send it to the browser.
   * @throws `login_required`, `timeout`, and the errors of the token request; with `headers`
   */
  getAccessToken(
    request: Request,
    options?: GetAccessTokenOptions,
  ): Promise<{ readonly accessToken: string; readonly headers: Headers }>
  /**
   * Forwards a request of the app's own pages to an API in `apis`, with the session's access token, and streams both bodies.
   * The page's request needs the header `x-proofkey`, with any value: other sites cannot send it. It counts as use of the
   * session. Errors are JSON responses, and events `forward_failed`: 401 if no user is signed in, or if the session has just
   * ended; 401 for `step_up_required` and 403 for `insufficient_scope`, with `requirements`; otherwise see `forward_refused`,
   * `network_error`, `timeout`.
   * @throws `config_invalid` if the target is wrong
   */
  forward(request: Request, target: ForwardTarget): Promise<Response>
  /** Starts a sign-in, like that of `createServerClient`. With `scope`, what the session has been granted is requested too. */
  signIn(request: Request, options?: StartOptions): Promise<Response>
  /**
   * Signs out: ends the session on all servers, revokes its tokens, then redirects to the server's sign-out. A failed step does
   * not stop the others (events `revocation_failed`, `sign_out_failed`). A request that no page of this origin has sent gets
   * 403, and changes nothing.
   */
  signOut(request: Request, options?: Pick<SignOutOptions, 'returnTo' | 'logoutHint' | 'uiLocales'>): Promise<Response>
  /** Loads the server's metadata in advance. */
  preload(): Promise<void>
  readonly subscribe: Subscribe<ProofkeyEvent>
}

/**
 * Creates a client that keeps the session on the server: a backend for frontend. Create it once, and one for each host: all
 * clients of a host have the same session cookie.
 * @throws `config_invalid`; with the `metadata` option also the errors of discovery
 * @example
 * ```ts
 * import { clientSecretBasic, createServerSessionClient, type RedisClient, redisSessions, sealedCookie } from 'proofkey/server'
 *
 * declare const client: RedisClient
 * const keys = [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }]
 * const auth = createServerSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/auth/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys }),
 *   sessionStore: redisSessions({ client, keys }),
 * })
 *
 * export async function respond(request: Request): Promise<Response> {
 *   const handled = await auth.handle(request)
 *   if (handled) return handled
 *   const { session, headers } = await auth.session(request)
 *   return Response.json({ hello: session?.claims?.sub }, { headers })
 * }
 * ```
 */
export function createServerSessionClient(
  given: ServerSessionClientConfig | WithFapi2<ServerSessionClientConfig>,
): ServerSessionClient {
  const config = checkSessionConfig(given as ServerSessionClientConfig)
  const { sessionStore, redirectUri, absoluteSeconds, dpop } = config
  const { idleSeconds = Number.POSITIVE_INFINITY } = config
  const lifetime = { idleMs: idleSeconds * 1000, absoluteMs: absoluteSeconds * 1000 }
  const contextOf = createContexts(config, lifetime)
  const { client, flow, jarOf } = buildServerClient(config, (request, create) => contextOf(request, create).jar)
  const { origin } = new URL(redirectUri)
  const background = createBackground(config.waitUntil)
  const lives = createLiveSessions(flow, config, background)
  const sessions = createRequestSessions(contextOf, { config, lifetime, lives, jarOf, withSignIn })
  const { context, use, withSession } = sessions
  const { report } = flow
  // Without a store that all servers share, this process knows at least what it has started itself.
  const links = createSignInLinks(
    sessionStore.endSessions ? sessionStore : memoryServerSessions(),
    lifetime,
    flow.clientKey,
  )
  const parts = { config, lifetime, flow, client, lives, sessions, links, origin }
  const handleCallback = createSignInCompletion(parts)
  const signOut = createSessionSignOut(parts)

  /** Adds `signIn()`, which needs the request, to the copy of an error that another sign-in can solve. */
  function withSignIn(request: Request, error: unknown): unknown {
    if (!isProofkeyError(error) || !error.requirements) return error
    const { requirements } = error
    const value = (options?: StartOptions) => start(request, { ...requirements, ...options }, true)
    return Object.defineProperty(error, 'signIn', { value })
  }

  /** @param isMore what the session has been granted is requested too */
  const start = (request: Request, options: StartOptions, isMore: boolean) =>
    use(request, async (session) => {
      const granted = isMore ? (await session?.sync())?.session.scope : undefined
      const scope = isMore ? joinScopes(config.scope, granted, options.scope) : options.scope
      const response = await client.signIn(request, { ...options, ...(scope && { scope }) })
      const { jar, cookie } = context(request)
      // The callback is a cross-site request, without the session cookie: it finds the session by this sign-in.
      if (session && cookie && config.responseMode === 'form_post')
        await links.pending(jar).then((pending) => links.add(pending, cookie))
      return response
    })
  const signIn: ServerSessionClient['signIn'] = (request, options = {}) => start(request, options, !!options.scope)

  const sessionOf: ServerSessionClient['session'] = async (request, { background = false } = {}) => {
    const { result, headers } = await withSession(request, async (session) => {
      const machine = session?.parts.machine
      if (machine?.current && !background) await machine.touch()
      return { session: machine?.current?.session, endsAtMs: machine?.endsAtMs ?? Number.POSITIVE_INFINITY }
    })
    return { ...result, headers }
  }

  /** The session's token for an API; also a new one for one that was rejected. */
  async function accessToken(
    request: Request,
    options?: GetAccessTokenOptions,
    rejected?: string,
  ): Promise<{ readonly token: AccessToken; readonly headers: Headers }> {
    const { result, headers } = await withSession(request, async (session) => {
      if (!session) throw nobody()
      await session.parts.machine.touch()
      return session.parts.tokens.accessToken(options, rejected)
    })
    return { token: result, headers }
  }

  const forwardTo = createForward({
    ...{ origin, dpop, apis: config.apis, clientKey: flow.clientKey, fetch: config.fetch, insecure: config.insecure },
    ...{ forwardedHeaders: config.forwardedHeaders, ...config.forwarding },
    async tokenFor(request, { api, rejected, signal }) {
      try {
        return (await accessToken(request, { ...config.apis[api], signal }, rejected)).token
      } catch (error) {
        // Whatever has ended the session, for example a refresh that the server refused: the page has to know that it is over.
        const isOver = context(request).cookie === undefined && codeOf(error) !== 'storage_full'
        throw isOver ? nobody(ENDED) : error
      }
    },
    checkChallenge(challenge, token, endpoint) {
      try {
        judgeChallenge(challenge, token, { endpoint, check: config.stepUp, report })
      } catch (error) {
        if (isProofkeyError(error) && error.requirements) checkRequirements(error.requirements, config)
        throw error
      }
    },
    onError: ({ code }, { api, status }) => report({ type: 'forward_failed', endpoint: api, code, status }),
  })

  const auth: ServerSessionClient = {
    handle: createRoutes({
      config,
      handleCallback: (request) => background(handleCallback(request)),
      // A stronger sign-in must not cost what was granted.
      signIn: (request, options) =>
        start(request, options, options.acrValues !== undefined || options.maxAgeSeconds !== undefined),
      signOut: (...given) => background(signOut(...given)),
      session: (request) => sessionOf(request, { background: true }),
      handleSignedOut: client.handleSignedOut,
      handleBackChannelLogout:
        sessionStore.endSessions &&
        ((request) =>
          background(
            client.handleBackChannelLogout(request, async (logout) => {
              await sessionStore.endSessions?.(logout)
              await lives.syncEnded(logout)
            }),
          )),
    }),
    session: sessionOf,
    async fetch(request, ...target) {
      const { result, headers } = await withSession(request, async (session) => {
        if (!session) throw nobody()
        await session.parts.machine.touch()
        return session.fetch(...target)
      })
      return { response: result, headers }
    },
    async getAccessToken(request, options) {
      const { token, headers } = await accessToken(request, options)
      return { accessToken: token.accessToken, headers }
    },
    async forward(request, target) {
      const response = await forwardTo(request, target)
      // With sealed cookies, the refreshed tokens are in them. An error brings them too.
      response.headers.delete('set-cookie')
      for (const [name, value] of headersOf(context(request).jar)) {
        if (name === 'set-cookie') response.headers.append(name, value)
        else response.headers.set(name, value)
      }
      return response
    },
    signIn,
    signOut: (...given) => background(signOut(...given)),
    preload: client.preload,
    subscribe: client.subscribe,
  }
  serverSessionParts.set(auth, { config, flow, origin, withSession })
  return auth
}
