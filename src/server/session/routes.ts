import { isTicket } from '../../crypto/ticket.js'
import { codeOf, isProofkeyError, type ProofkeyError } from '../../errors.js'
import type { StartOptions } from '../../flow/flow.js'
import { isCallback } from '../../protocol/authorize/callback.js'
import { isBadRequest } from '../../protocol/bad-request.js'
import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { requestedUrl } from '../edge/forwarded.js'
import { isFromOrigin } from '../edge/start-guard.js'
import type { SignedOut } from '../server-sign-out.js'
import { refusalResponse } from './forward-refusal.js'
import type { ServerSessionResult } from './server-session-client.js'
import type { CheckedSessionConfig } from './server-session-config.js'

interface Endpoints {
  readonly config: CheckedSessionConfig
  handleCallback(request: Request): Promise<{ readonly returnTo: string; readonly headers: Headers }>
  signIn(request: Request, options: StartOptions): Promise<Response>
  signOut(request: Request, options: { readonly returnTo?: string | undefined }): Promise<Response>
  session(request: Request): Promise<ServerSessionResult>
  handleSignedOut(request: Request): Promise<SignedOut>
  readonly handleBackChannelLogout?: ((request: Request) => Promise<Response>) | undefined
}

type Handler = (request: Request, url: URL) => Promise<Response>

/** The endpoints of a server session client, by path and method. @returns undefined for other requests */
export function createRoutes(endpoints: Endpoints): (request: Request) => Promise<Response | undefined> {
  const { config } = endpoints
  const { path, redirectUri, postLogoutRedirectUri, forwardedHeaders, responseMode } = config
  const { origin, pathname: callback } = new URL(redirectUri)
  const routes = new Map<string, Readonly<Record<string, Handler>>>()

  if (endpoints.handleBackChannelLogout)
    routes.set(`${path}/back-channel-logout`, { POST: endpoints.handleBackChannelLogout })
  routes.set(`${path}/sign-in`, {
    GET: (request, { searchParams }) =>
      endpoints.signIn(request, { returnTo: searchParams.get('returnTo') ?? undefined, ...demandsOf(searchParams) }),
  })
  routes.set(`${path}/sign-out`, {
    POST: (request, { searchParams }) =>
      endpoints.signOut(request, { returnTo: searchParams.get('returnTo') ?? undefined }),
  })
  routes.set(`${path}/session`, {
    async GET(request) {
      if (!isFromOrigin(request, origin)) return text('This is for pages of this site.', 403)
      try {
        const { session, endsAtMs, headers } = await endpoints.session(request)
        headers.set('cache-control', 'no-store')
        const { claims, scope, startedAtMs } = session ?? {}
        // Not only when: the page's clock may be wrong. JSON has no Infinity: null.
        const ends = { endsAtMs, endsInMs: endsAtMs - Date.now() }
        return Response.json({ session: session ? { claims, scope, startedAtMs, ...ends } : null }, { headers })
      } catch (error) {
        // A script reads it.
        if (isProofkeyError(error)) return refusalResponse({ error, status: undefined })
        throw error
      }
    },
  })
  const back = postLogoutRedirectUri === undefined ? undefined : new URL(postLogoutRedirectUri).pathname
  routes.set(callback, {
    [responseMode === 'form_post' ? 'POST' : 'GET']: async (request: Request) =>
      onward(await endpoints.handleCallback(request)),
  })

  const signedOut: Handler = async (request) => onward(await endpoints.handleSignedOut(request))

  async function failed(error: unknown, request: Request): Promise<Response> {
    if (!isProofkeyError(error)) throw error
    const response = await (config.errorResponse ?? asText)(error, request)
    // Its headers may be immutable.
    const headers = new Headers(response.headers)
    for (const [name, value] of error.headers ?? []) {
      if (name === 'set-cookie') headers.append(name, value)
      else headers.set(name, value)
    }
    headers.set('cache-control', 'no-store')
    return new Response(response.body, { status: response.status, headers })
  }

  return async (request) => {
    if (!parseUrl(request.url)) return text('Bad request.', 400)
    const url = requestedUrl(request, forwardedHeaders)
    const isBack =
      url.pathname === back && isTicket(url.searchParams.get('state') ?? '') && !isCallback(url.searchParams)
    const route = isBack ? { GET: signedOut } : routes.get(url.pathname)
    if (!route) return undefined
    if (isBadRequest(request)) return text('Bad request.', 400)
    const handler = Object.hasOwn(route, request.method) ? route[request.method] : undefined
    if (!handler) return text('Method not allowed.', 405, { allow: Object.keys(route).join(', ') })
    return handler(request, url).catch((error) => failed(error, request))
  }
}

/** What the link to a sign-in may ask for: it can only make the sign-in stricter. */
function demandsOf(query: URLSearchParams): StartOptions {
  const [acrValues, maxAge] = [query.get('acr_values'), query.get('max_age')]
  return {
    ...(acrValues && /^[\x20-\x7e]{1,200}$/.test(acrValues) && { acrValues }),
    ...(maxAge && /^\d{1,6}$/.test(maxAge) && { maxAgeSeconds: Number(maxAge) }),
  }
}

/** On to a URL without the code. */
function onward({ returnTo, headers }: { readonly returnTo: string; readonly headers: Headers }): Response {
  const all = new Headers(headers)
  all.set('location', returnTo)
  all.set('cache-control', 'no-store')
  all.set('referrer-policy', 'no-referrer')
  return new Response(null, { status: 303, headers: all })
}

const text = (body: string, status: number, headers: HeadersInit = {}) =>
  new Response(body, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  })

const asText = (error: ProofkeyError) =>
  text(`${error.message} ${error.hint} (${codeOf(error)})\n`, error.retryable ? 503 : 400)
