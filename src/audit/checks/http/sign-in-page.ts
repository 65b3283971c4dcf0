import { Inconclusive } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import { type Walked, walk } from '../walk.js'

/**
 * The page that a person without a session sees.
 * @throws Inconclusive if none is reached without a browser
 */
export async function signInPage(context: AuditContext): Promise<Walked> {
  const walked = await walk(context, await context.authorizationRequest())
  const { url, page, atRedirectUri } = walked
  if (atRedirectUri) throw new Inconclusive('The server sent the browser back at once, without a sign-in page.')
  if (page.status !== 200 || !/html/i.test(page.headers.get('content-type') ?? ''))
    throw new Inconclusive(
      `No sign-in page was reached: ${url.origin}${url.pathname} answered with status ${page.status}.`,
    )
  return walked
}
