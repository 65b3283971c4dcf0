import { codeOf, isProofkeyError } from '../../errors.js'
import type { WithFapi2 } from '../../flow/fapi2.js'
import type { StartOptions } from '../../flow/flow.js'
import { joinScopes } from '../../protocol/scope.js'
import { checkRequirements } from '../../session/api-fetch.js'
import type { AccessToken } from '../../session/session-record.js'
import { judgeChallenge } from '../../session/token-fetch.js'
import { ENDED, type GetAccessTokenOptions, nobody } from '../../session/token-source.js'
import { buildServerClient } from '../create-server-client.js'
import { createBackground } from './background.js'
import { createSignInCompletion } from './complete-sign-in.js'
import { createForward } from './forward.js'
import { createLiveSessions } from './live-sessions.js'
import { memoryServerSessions } from './memory-server-sessions.js'
import { createContexts, createRequestSessions, headersOf } from './request-sessions.js'
import { createRoutes } from './routes.js'
import type { ServerSessionClient } from './server-session-client.js'
import { checkSessionConfig, type ServerSessionClientConfig } from './server-session-config.js'
import { createSessionSignOut } from './session-sign-out.js'
import { createSignInLinks } from './sign-in-links.js'

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

  return {
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
}
