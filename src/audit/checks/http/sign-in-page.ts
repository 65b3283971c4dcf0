import { Inconclusive } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import type { HttpResponse } from '../../run/http.js'
import { leadsTo } from '../answer.js'

const MAX_HOPS = 8

/**
 * The page that a person without a session sees, reached by plain requests with the cookies that the server sets.
 * @throws Inconclusive if there is none without a browser
 */
export async function signInPage(context: AuditContext): Promise<{ url: URL; page: HttpResponse }> {
  const request = await context.authorizationRequest()
  const cookies = new Map<string, string>()
  let { url } = request
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    // Cookies go back to the host that set them only.
    const cookie = [...cookies]
      .filter(([name]) => name.startsWith(`${url.host} `))
      .map(([name, value]) => `${name.slice(url.host.length + 1)}=${value}`)
      .join('; ')
    const page = await context.send({
      url: url.href,
      headers: { accept: 'text/html', ...(cookie && { cookie }) },
    })
    for (const line of page.headers.getSetCookie()) {
      const [, name, value = ''] = /^\s*([^=;]+)=([^;]*)/.exec(line) ?? []
      if (name) cookies.set(`${url.host} ${name}`, value)
    }
    const { location, status } = page
    if (!location || status < 300 || status > 399) {
      if (status === 200 && /html/i.test(page.headers.get('content-type') ?? '')) return { url, page }
      throw new Inconclusive(
        `No sign-in page was reached: ${url.origin}${url.pathname} answered with status ${status}.`,
      )
    }
    if (leadsTo(location, request.redirectUri))
      throw new Inconclusive('The server sent the browser back at once, without a sign-in page.')
    // A page of another operator's says nothing about this server.
    if (!sameSite(location, new URL(context.issuer)) && !sameSite(location, request.url))
      throw new Inconclusive(`The sign-in goes on at ${location.host}, which is not this server.`)
    url = location
  }
  throw new Inconclusive(`No sign-in page was reached in ${MAX_HOPS} redirects.`)
}

const sameSite = (one: URL, other: URL) => one.hostname === other.hostname || site(one) === site(other)

/** The domain that someone registered, as a guess: `co.uk` and the like are not one. */
function site({ hostname }: URL): string {
  if (/^[\d.]+$|:/.test(hostname)) return hostname
  const labels = hostname.split('.')
  return labels.slice((labels.at(-2)?.length ?? 0) > 3 ? -2 : -3).join('.')
}
