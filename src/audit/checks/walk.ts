import { Inconclusive } from '../check.js'
import type { AuditContext } from '../run/context.js'
import type { HttpResponse } from '../run/http.js'
import type { AuthorizationRequest } from '../run/requests.js'
import { leadsTo } from './answer.js'

const MAX_HOPS = 8

/** Where a walk ended: at a page of the server's, or at the redirect URI. */
export interface Walked {
  readonly url: URL
  /** The last answer. */
  readonly page: HttpResponse
  readonly atRedirectUri: boolean
}

/**
 * Follows an authorization request through the server's own redirects, with the cookies that it sets, as a browser without
 * a session would.
 * @throws Inconclusive if it leads to another site, or does not end
 */
export async function walk(context: AuditContext, request: AuthorizationRequest): Promise<Walked> {
  const cookies = new Map<string, string>()
  let { url } = request
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    // Cookies go back to the host that set them only.
    const cookie = [...cookies]
      .filter(([name]) => name.startsWith(`${url.host} `))
      .map(([name, value]) => `${name.slice(url.host.length + 1)}=${value}`)
      .join('; ')
    const page = await context.send({ url: url.href, navigation: true, headers: cookie ? { cookie } : {} })
    for (const line of page.headers.getSetCookie()) {
      const [, name, value = ''] = /^\s*([^=;]+)=([^;]*)/.exec(line) ?? []
      if (name) cookies.set(`${url.host} ${name}`, value)
    }
    const { location, status } = page
    if (!location || status < 300 || status > 399) return { url, page, atRedirectUri: false }
    if (leadsTo(location, request.redirectUri)) return { url: location, page, atRedirectUri: true }
    // A page of another operator's says nothing about this server.
    if (!sameSite(location, new URL(context.issuer)) && !sameSite(location, request.url))
      throw new Inconclusive(`The sign-in goes on at ${location.host}, which is not this server.`)
    url = location
  }
  throw new Inconclusive(`The sign-in did not end in ${MAX_HOPS} redirects.`)
}

const sameSite = (one: URL, other: URL) => one.hostname === other.hostname || site(one) === site(other)

/** The domain that someone registered, as a guess: `co.uk` and the like are not one. */
function site({ hostname }: URL): string {
  if (/^[\d.]+$|:/.test(hostname)) return hostname
  const labels = hostname.split('.')
  return labels.slice((labels.at(-2)?.length ?? 0) > 3 ? -2 : -3).join('.')
}
