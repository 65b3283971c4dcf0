import { ProofkeyError } from '../../errors.js'
import { isBadRequest } from './bad-request.js'

/** Why a start is refused, and what the request is answered with. */
export interface RefusedStart {
  readonly error: ProofkeyError
  readonly response: Response
}

/**
 * Refuses a request that must not start a sign-in or sign-out: nobody starts one for somebody else without their seeing
 * it (FAPI 2.0 §5.3.3.1). Fetch Metadata decides; `Origin` counts where a browser sends none.
 * @param origin the app's own
 */
export function refuseStart(request: Request, what: 'sign-in' | 'sign-out', origin: string): RefusedStart | undefined {
  const bad = isBadRequest(request)
  const by = bad ? 'a request without a valid Host and method' : initiator(request, what, origin)
  if (by === undefined) return undefined
  const hint = what === 'sign-in' ? 'Link to the page itself.' : 'Use a form of this site.'
  const text = bad ? 'Bad request.' : `Open this page directly to ${what.replace('-', ' ')}.`
  return {
    error: new ProofkeyError('start_refused', `A ${what} was not started by ${by}.`, hint),
    response: new Response(text, { status: bad ? 400 : 403, headers: { 'cache-control': 'no-store' } }),
  }
}

function initiator(request: Request, what: string, origin: string): string | undefined {
  const { method, headers } = request
  const sent = (name: string) => headers.get(name) ?? ''
  if (/prefetch|prerender/.test(sent('sec-purpose') + sent('purpose'))) return 'a prefetch'
  // `fetch` cannot follow the redirect to another origin's page; a router that fetches a link ahead must start nothing.
  if (!['navigate', ''].includes(sent('sec-fetch-mode'))) return 'a request that is no navigation'
  const own = isFromOrigin(request, origin)
  if (!own && !['document', ''].includes(sent('sec-fetch-dest'))) return 'a cross-site frame'
  if (!own && method !== 'GET') return 'a cross-site form'
  return what === 'sign-out' && sent('sec-fetch-site') === 'cross-site' ? 'another site' : undefined
}

/**
 * Whether a request was made by this origin or by the person. `Sec-Fetch-Site` decides where the browser sends it: a
 * page with `Referrer-Policy: no-referrer` posts its own forms with `Origin: null`. Without it, `Origin` has to be this
 * one, or absent: a program, or a navigation of an old browser.
 */
export function isFromOrigin({ headers }: Request, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  return [origin, null].includes(headers.get('origin'))
}
