import { type Fetch, type FetchLike, responseRefused } from '../../protocol/request.js'
import { challengeOf } from '../../protocol/resource/challenge.js'
import type { UndiciFetch } from '../../protocol/undici-fetch.js'
import { fetchOf } from '../../session/api-fetch.js'
import { type ForwardWatch, forwardBody, watched, watchForward } from './forward-body.js'
import { checkForwardConfig, type ForwardConfig, type ForwardToken } from './forward-config.js'
import { headersToApi, headersToBrowser } from './forward-headers.js'
import {
  errorOf,
  type ForwardRefusal,
  networkError,
  refusal,
  refusalResponse,
  refuseForward,
} from './forward-refusal.js'
import { type ForwardRoute, type ForwardTarget, forwardRoute, removedPrefix } from './forward-target.js'

/** After an API has rejected a new token too, its 401 responses to that token cause no refresh for this time. */
const PATIENCE_MS = 60_000
const MAX_REJECTED = 1000
const NULL_BODY = [204, 205, 304]

/**
 * Creates the proxy of a backend for frontend (RFC 10017 §6.1): the pages call the app, and the app calls the API with the
 * access token of the session.
 *
 * - Only pages of `origin` can send requests: each needs the `header`, and `Sec-Fetch-Site: same-origin` or that `Origin`.
 *   Do not allow the header by CORS.
 * - Only URLs below the target are called. A path that a server could read as another one (`//`, `..;`, `%2f`, `%252e`, …)
 *   is 404. Redirects are not followed: a `Location` below the target becomes the app's, another one is 502.
 * - The API does not get `Cookie`, `Authorization`, the `header`, forwarded headers and those of the connection; the browser
 *   does not get `Set-Cookie`, CORS headers, those that would apply to the whole origin, and commands to caches and proxies.
 *   Responses are `private`, and `Vary: Cookie` and the `header`. An API that returns the request's headers in its body would show the token: leave such paths out.
 * - Bodies are streamed in both directions, no faster than they are read. If one side leaves, the other one is ended.
 * - Status 401 causes one refresh, and one more attempt if the body can be sent again: if there is none, or if it has a
 *   `Content-Length` of at most 64 KiB. Otherwise the browser gets the 401.
 *
 * Errors become JSON: `{ code, message, hint, serverError, retryable, requirements }`. `forward_refused` (400, 403, 404, 405,
 * 501 for WebSockets); 401 for `login_required` and `interaction_required`; 401 for `step_up_required` and 403 for
 * `insufficient_scope`, with the `requirements` for another sign-in, and 403 for `step_up_failed`; 502 for `network_error` and
 * `response_refused`; 504 for `timeout`, or 408 if the browser was waited for; other errors of `tokenFor` 503 if they are
 * `retryable`, otherwise 500. How long the head of a request may take is up to the HTTP server (Node: `headersTimeout`).
 * @returns a function that rejects with `config_invalid` if the target is wrong, and with errors that are no `ProofkeyError`.
 * The headers of its response can be changed
 * @throws `config_invalid`
 */
export function createForward<Token extends ForwardToken>(
  config: ForwardConfig<Token>,
): (request: Request, target: ForwardTarget) => Promise<Response> {
  const { origin, apis, tokenFor, dpop, clientKey, header, checkChallenge, forwardedHeaders, ...rest } =
    checkForwardConfig(config)
  const { onError, ...limits } = rest
  // The function that leaves bodies as they were sent, where there is one.
  const { undecoded } = Object(config.fetch) as Partial<UndiciFetch>
  const fetch = (undecoded as Fetch | undefined) ?? fetchOf(config)
  /** Tokens that were rejected though new, and until when that causes no refresh. */
  const rejectedUntilMs = new Map<string, number>()

  const refused = (refusal: ForwardRefusal, { api }: ForwardRoute) => {
    const response = refusalResponse(refusal)
    onError?.(refusal.error, { api, status: response.status })
    return response
  }

  /** Sends the request with a token, and again with another one if the API rejects it. */
  async function answer(request: Request, url: URL, { api }: ForwardRoute, target: ForwardTarget, watch: ForwardWatch) {
    const { signal } = watch
    const headers = headersToApi(request.headers, { guard: header, isDecoded: !undecoded, own: target.headers })
    const first = await tokenFor(request, { api, signal })
    const { body, once, length } = await forwardBody(request, watch)
    if (length !== undefined) headers['content-length'] = length
    const init = {
      ...{ method: request.method, body, signal, redirect: 'manual', credentials: 'omit' },
      ...{ referrerPolicy: 'no-referrer', duplex: 'half' },
    } as RequestInit
    const sendWith = async (token: Token): Promise<Response> => {
      const response = await sendOnce(token)
      if (response.status !== 401 && response.status !== 403) return response
      try {
        checkChallenge?.(challengeOf(response, [token.accessToken]), token, api)
      } catch (error) {
        response.body?.cancel().catch(() => {})
        throw error
      }
      return response
    }
    const sendOnce = async ({ accessToken }: Token): Promise<Response> => {
      const authorization = `${dpop ? 'DPoP' : 'Bearer'} ${accessToken}`
      const sent = { ...init, headers: { ...headers, authorization } }
      try {
        if (!dpop) return await fetch(url.href, sent)
        const attempt = ({ fetch }: { readonly fetch: FetchLike }) => fetch(url.href, sent) as Promise<Response>
        return await dpop.attempt(clientKey, attempt, { fetch: fetch as FetchLike, once })
      } catch (cause) {
        throw errorOf(cause, url, request.signal, watch) ?? networkError(cause, url)
      }
    }
    const response = await sendWith(first)
    // Another token does not help if the proof was rejected.
    if (response.status !== 401 || /_dpop_/.test(challengeOf(response).error ?? '')) return response
    if (Date.now() < (rejectedUntilMs.get(first.accessToken) ?? 0)) return response
    const renewed = await tokenFor(request, { api, rejected: first.accessToken, signal }).catch((error) => {
      response.body?.cancel().catch(() => {})
      throw error
    })
    // A stream cannot be sent again; the next request has the new token.
    if (renewed.accessToken === first.accessToken || once) return response
    response.body?.cancel().catch(() => {})
    const again = await sendWith(renewed)
    if (again.status === 401) {
      rejectedUntilMs.delete(renewed.accessToken)
      rejectedUntilMs.set(renewed.accessToken, Date.now() + PATIENCE_MS)
      if (rejectedUntilMs.size > MAX_REJECTED) rejectedUntilMs.delete(rejectedUntilMs.keys().next().value as string)
    }
    return again
  }

  return async (request, target) => {
    const route = forwardRoute(target, apis)
    const guarded = refuseForward(request, header, origin)
    if (guarded) return refused(guarded, route)
    const url = route.urlFor(new URL(request.url))
    if (!url)
      return refused(refusal(404, 'its path is not below the target', 'Check the path, and its encoding.'), route)
    const watch = watchForward(request.signal, limits)
    let response: Response | undefined
    try {
      response = await answer(request, url, route, target, watch)
      const { status, body } = response
      if (status < 200 || status > 599) throw responseRefused(url.origin, `responded with status ${status}`)
      const hasBody = body !== null && request.method !== 'HEAD' && !NULL_BODY.includes(status)
      const prefix = removedPrefix(request, forwardedHeaders)
      const headers = headersToBrowser(response, {
        ...{ guard: header, url, hasBody, isDecoded: !undecoded },
        pathFor: (location) => route.pathFor(location, url, prefix),
      })
      if (!hasBody) watch.end()
      const ended = (cause?: unknown) => {
        watch.end()
        if (!cause) return
        const error = errorOf(cause, url, request.signal, watch) ?? networkError(cause, url)
        onError?.(error, { api: route.api, status })
      }
      return new Response(hasBody ? watched(body, watch, 'api', ended) : null, { status, headers })
    } catch (cause) {
      watch.end()
      response?.body?.cancel().catch(() => {})
      const error = errorOf(cause, url, request.signal, watch)
      if (!error) throw cause
      const isLate = error.code === 'timeout' && (watch.stalled === 'browser' || watch.stalled === 'upload')
      const answer = refused({ error, status: isLate ? 408 : undefined }, route)
      // The rest of the body is not waited for (RFC 9110 §15.5.9).
      if (isLate) answer.headers.set('connection', 'close')
      return answer
    }
  }
}
