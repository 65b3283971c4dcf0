import { ProofkeyError } from '../../errors.js'
import { isBadRequest } from '../../protocol/bad-request.js'

/** The error for events, and the response to send. */
export interface RefusedStart {
  readonly error: ProofkeyError
  readonly response: Response
}

/**
 * Rejects a request that must not start a sign-in or sign-out, so that no other site can start one without the user noticing
 * (FAPI 2.0 §5.3.3.1). Fetch Metadata decides, or `Origin` if a browser does not send it.
 * @param origin the app's origin
 * @param by who may start it: `own pages` needs a browser that says so, and a page of this origin or the user's own hand
 */
export function refuseStart(
  request: Request,
  what: 'sign-in' | 'sign-out',
  origin: string,
  by?: 'own pages',
): RefusedStart | undefined {
  const bad = isBadRequest(request)
  const cause = bad ? 'has no valid Host and method' : initiator(request, what, origin, by)
  if (cause === undefined) return undefined
  const hint =
    what === 'sign-in' ? 'Link to this URL, and let the user navigate to it.' : 'Send it by a form of this site.'
  const text = bad ? 'Bad request.' : `Open this page directly to ${what.replace('-', ' ')}.`
  return {
    error: new ProofkeyError('start_refused', `The ${what} was rejected: the request ${cause}.`, hint),
    response: new Response(text, { status: bad ? 400 : 403, headers: { 'cache-control': 'no-store' } }),
  }
}

function initiator(request: Request, what: string, origin: string, by?: 'own pages'): string | undefined {
  const { method, headers } = request
  const sent = (name: string) => headers.get(name) ?? ''
  if (/prefetch|prerender/.test(sent('sec-purpose') + sent('purpose'))) return 'is a prefetch'
  // `fetch` cannot follow the redirect to a page of another origin, and a router's prefetch must not start a sign-in.
  if (!['navigate', ''].includes(sent('sec-fetch-mode'))) return 'is not a navigation'
  const own = isFromOrigin(request, origin)
  if (!own && !['document', ''].includes(sent('sec-fetch-dest'))) return 'comes from a cross-site frame'
  if (!own && method !== 'GET') return 'comes from a cross-site form'
  if (what === 'sign-out' && sent('sec-fetch-site') === 'cross-site') return 'comes from another site'
  // Without either header, nothing tells whose page it was.
  const isOwn = own && (sent('sec-fetch-site') || sent('origin'))
  return by && !isOwn ? 'is from no page of this origin' : undefined
}

/**
 * Whether a request comes from this origin or directly from the user. `Sec-Fetch-Site` decides if the browser sends it,
 * because a page with `Referrer-Policy: no-referrer` posts its forms with `Origin: null`. Without it, `Origin` has to be this
 * origin, or absent (a program, or a navigation of an old browser).
 */
export function isFromOrigin({ headers }: Request, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  return [origin, null].includes(headers.get('origin'))
}

/**
 * Whether a page of this origin sent the request: what a request has to be that changes something in the name of the
 * session's user (CSRF). `Sec-Fetch-Site` has to be `same-origin`; without it, `Origin` has to be this origin. A request with
 * neither header is refused: browsers send `Origin` with every request that is not GET or HEAD.
 * @param origin the app's origin, for example `https://app.example.com`
 * @example
 * ```ts
 * import { isSameOriginRequest } from 'proofkey/server'
 *
 * export const changeName = (request: Request) =>
 *   isSameOriginRequest(request, 'https://app.example.com') ? Response.json({}) : new Response(null, { status: 403 })
 * ```
 */
export function isSameOriginRequest(request: Request, origin: string): boolean {
  if (isBadRequest(request)) return false
  const site = request.headers.get('sec-fetch-site')
  return site === null ? request.headers.get('origin') === origin : site === 'same-origin'
}
