import { codeOf, isProofkeyError, ProofkeyError } from '../../errors.js'
import type { ProofkeyEvent, Subscribe } from '../../events.js'
import type { WithFapi2 } from '../../flow/fapi2.js'
import type { SignInResult, StartOptions } from '../../flow/flow.js'
import { joinScopes } from '../../protocol/scope.js'
import { type Session, sessionAfterSignIn, userOf } from '../../session/session-record.js'
import { ENDED, type GetAccessTokenOptions, nobody } from '../../session/token-source.js'
import { buildServerClient, withHeaders } from '../create-server-client.js'
import type { RequestCookies } from '../edge/cookies.js'
import { readSessionCookie, writeSessionCookie } from '../edge/session-cookie.js'
import { isSameOriginRequest, refuseStart } from '../edge/start-guard.js'
import type { SignOutOptions } from '../server-sign-out.js'
import { createForward } from './forward.js'
import type { ForwardTarget } from './forward-target.js'
import { createLiveSessions, type LiveSession } from './live-sessions.js'
import { createRoutes } from './routes.js'
import { checkSessionConfig, type ServerSessionClientConfig } from './server-session-config.js'
import { type ServerSessionParts, serverSessionParts } from './server-session-parts.js'
import type { ServerSessionRecord } from './server-session-store.js'

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
   * session. Errors are JSON responses: 401 if no user is signed in, otherwise see `forward_refused`, `network_error`,
   * `timeout`.
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

/** One request, and the cookies of its response: all calls with this request share them. */
interface Context {
  readonly jar: RequestCookies
  /** The value of the session cookie that the browser has, or will have. */
  cookie: string | undefined
  record: Promise<ServerSessionRecord | undefined>
}

/**
 * Creates a client that keeps the session on the server: a backend for frontend. Create it once.
 * @throws `config_invalid`; with the `metadata` option also the errors of discovery
 */
export function createServerSessionClient(
  given: ServerSessionClientConfig | WithFapi2<ServerSessionClientConfig>,
): ServerSessionClient {
  const config = checkSessionConfig(given as ServerSessionClientConfig)
  const { sessionStore, postLogoutRedirectUri, redirectUri, absoluteSeconds, userInfo, dpop } = config
  const { idleSeconds = Number.POSITIVE_INFINITY } = config
  const lifetime = { idleMs: idleSeconds * 1000, absoluteMs: absoluteSeconds * 1000 }
  const contexts = new WeakMap<Request, Context>()
  const { client, flow, jarOf } = buildServerClient(config, (request, create) => contextOf(request, create).jar)
  const { report } = flow
  const lives = createLiveSessions(flow, config)
  const { origin } = new URL(redirectUri)

  function contextOf(request: Request, create: () => RequestCookies): Context {
    const known = contexts.get(request)
    if (known) return known
    const jar = create()
    const cookie = readSessionCookie(jar)
    const record = cookie ? sessionStore.open(cookie, lifetime) : Promise.resolve(undefined)
    // Thrown where it is awaited.
    record.catch(() => {})
    const context = { jar, cookie, record }
    contexts.set(request, context)
    return context
  }
  const context = (request: Request): Context => contextOf(request, () => jarOf(request))

  /** Runs work with the session that the request's cookie names. */
  async function use<T>(request: Request, work: (session: LiveSession | undefined) => Promise<T>): Promise<T> {
    const record = await context(request).record
    return record ? lives.use(record, work) : work(undefined)
  }

  /** Writes the session cookie where it has changed. @throws `storage_full` */
  async function writeCookie(of: Context, session: LiveSession | undefined): Promise<void> {
    if (!session) return
    const { current, last } = session.parts.machine
    let next = of.cookie
    if (current) next = await session.record.cookie()
    // After another sign-in the browser has another cookie already: this response may be the later one.
    else if (last && !session.replacedBy) next = undefined
    if (next === of.cookie) return
    const endsAtMs = (current?.session.startedAtMs ?? 0) + lifetime.absoluteMs
    const maxAgeSeconds = Math.max(1, Math.ceil((endsAtMs - Date.now()) / 1000))
    writeSessionCookie(of.jar, next, maxAgeSeconds, sessionStore.maxHeadBytes)
    of.cookie = next
  }

  const withSession: ServerSessionParts['withSession'] = (request, work) =>
    use(request, async (session) => {
      const of = context(request)
      try {
        await session?.sync()
        const result = await work(session)
        await writeCookie(of, session)
        return { result, headers: headersOf(of.jar) }
      } catch (error) {
        await writeCookie(of, session).catch(() => {})
        throw withSignIn(request, withHeaders(error, headersOf(of.jar)))
      }
    })

  /** Adds `signIn()`, which needs the request, to the copy of an error that another sign-in can solve. */
  function withSignIn(request: Request, error: unknown): unknown {
    if (!isProofkeyError(error) || !error.requirements) return error
    const { requirements } = error
    const value = (options?: StartOptions) => signIn(request, { ...requirements, ...options })
    return Object.defineProperty(error, 'signIn', { value })
  }

  const signIn: ServerSessionClient['signIn'] = (request, options = {}) =>
    use(request, async (session) => {
      const granted = options.scope && (await session?.sync())?.session.scope
      const scope = options.scope && joinScopes(config.scope, granted || undefined, options.scope)
      return client.signIn(request, { ...options, ...(scope && { scope }) })
    })

  /** Completes a sign-in: always under a new secret, so that one that somebody planted before it is worth nothing. */
  const handleCallback = (request: Request) =>
    use(request, async (before) => {
      // From here on: a sign-out that comes while the code is exchanged ends this sign-in too.
      await before?.sync()
      const work = await before?.parts.machine.begin()
      const signedIn = await client.handleCallback(request)
      const replace = () => startSession(request, signedIn, before, work?.session?.id)
      // No refresh of the session before runs meanwhile.
      await (before && work?.session ? before.parts.machine.exclusive(replace) : replace())
      return { ...signedIn, headers: headersOf(context(request).jar) }
    })

  async function startSession(
    request: Request,
    result: SignInResult,
    before: LiveSession | undefined,
    beforeId: string | undefined,
  ): Promise<void> {
    const of = context(request)
    const { tokens, claims, origin } = result
    const record = await sessionStore.create(lifetime)
    await lives.use(record, async (next) => {
      const { machine } = next.parts
      try {
        const jkt = await dpop?.thumbprint(flow.clientKey, true)
        const held = await before?.sync()
        const work = await machine.begin()
        await machine.touch()
        const session = () => sessionAfterSignIn(result, held, { jkt, origin })
        await machine.keep(work, 'user', session, { type: 'session_started', scope: tokens.scope })
        next.checkStored()
        if (before && beforeId) await endBefore(before, beforeId, userOf(claims))
        if (!tokens.refreshToken && Object.keys(config.apis).length) report({ type: 'refresh_token_missing' })
        await userInfo?.(next.parts)
        await writeCookie(of, next)
        of.record = Promise.resolve(record)
      } catch (error) {
        await machine.end('signed_out')
        report({ type: 'sign_in_failed', code: codeOf(error) })
        throw withHeaders(error, headersOf(of.jar))
      }
    })
  }

  /** Ends the session that a sign-in has replaced. @throws `login_required` if there was a sign-out meanwhile */
  async function endBefore(before: LiveSession, id: string, user: string | undefined): Promise<void> {
    const { machine } = before.parts
    const isSame = user !== undefined && userOf(machine.last?.session.claims) === user
    if (!machine.staysSignedOut) {
      before.replacedBy = isSame ? 'same_user' : 'other_user'
      await machine.end('replaced', id)
    }
    if (machine.staysSignedOut) throw nobody(ENDED)
  }

  async function signOut(request: Request, options: Parameters<ServerSessionClient['signOut']>[1] = {}) {
    if (!isSameOriginRequest(request, origin)) {
      report({ type: 'sign_out_failed', code: 'start_refused' })
      return new Response('Sign out on a page of this site.', { status: 403, headers: { 'cache-control': 'no-store' } })
    }
    const failed = (error: unknown) => report({ type: 'sign_out_failed', code: codeOf(error) })
    return use(request, async (session) => {
      const of = context(request)
      // The server's part would be refused too: then nothing has ended.
      if (refuseStart(request, 'sign-out', origin)) return client.signOut(request)
      await session?.sync().catch(failed)
      const stored = await session?.parts.machine.end('signed_out')
      if (stored === false) failed(sessionNotEnded())
      writeSessionCookie(of.jar, undefined, 0, sessionStore.maxHeadBytes)
      of.cookie = undefined
      const idTokenHint = session?.parts.machine.last?.idToken
      return client.signOut(request, { ...options, idTokenHint, postLogoutRedirectUri })
    })
  }

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
  ): ReturnType<ServerSessionClient['getAccessToken']> {
    const { result, headers } = await withSession(request, async (session) => {
      if (!session) throw nobody()
      await session.parts.machine.touch()
      return session.parts.tokens.accessToken(options, rejected)
    })
    return { accessToken: result.accessToken, headers }
  }

  const forwardTo = createForward({
    ...{ origin, dpop, apis: config.apis, clientKey: flow.clientKey, fetch: config.fetch, insecure: config.insecure },
    tokenFor: (request, { api, rejected, signal }) => accessToken(request, { ...config.apis[api], signal }, rejected),
  })

  const auth: ServerSessionClient = {
    handle: createRoutes({
      config,
      handleCallback,
      signIn: (...start) => signIn(...start),
      signOut,
      session: (request) => sessionOf(request, { background: true }),
      handleSignedOut: client.handleSignedOut,
      handleBackChannelLogout:
        sessionStore.endSessions &&
        ((request) =>
          client.handleBackChannelLogout(request, async (logout) => {
            await sessionStore.endSessions?.(logout)
            await lives.syncEnded(logout)
          })),
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
    getAccessToken: (request, options) => accessToken(request, options),
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
    signOut,
    preload: client.preload,
    subscribe: client.subscribe,
  }
  serverSessionParts.set(auth, { config, flow, origin, withSession })
  return auth
}

/** Only what has changed: an app's page has its own headers. A response that sets a cookie is for one browser only. */
function headersOf(jar: RequestCookies): Headers {
  const headers = new Headers()
  for (const change of jar.changes()) headers.append('set-cookie', change)
  if (headers.has('set-cookie')) headers.set('cache-control', 'no-store')
  return headers
}

const sessionNotEnded = () => new ProofkeyError('storage_unavailable', 'The store still has the session.')
