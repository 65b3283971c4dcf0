import { fail, inconclusive, pass, type Verdict } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import { codeOf } from '../../run/outcomes.js'
import type { Changes } from '../../run/requests.js'
import { type Answer, ask, leadsTo } from '../answer.js'
import { walk } from '../walk.js'

/**
 * Finds out whether the server answers to a redirect URI that is not registered. First without a browser, where many servers
 * already tell: nobody is sent anywhere. Only if that does not tell, in the browser, which goes to hosts of the audit only.
 */
export function createRedirectTrial(context: AuditContext) {
  const honest = new Map<string | undefined, Promise<Answer>>()
  let browser: Promise<boolean> | undefined

  /** What the same request with the registered URI comes to. */
  const withRegistered = (prompt: string | undefined): Promise<Answer> => {
    const known = honest.get(prompt) ?? ask(context, { prompt })
    honest.set(prompt, known)
    return known
  }

  /** Whether a signed-in person comes back at once. If the server shows a page each time, a page tells nothing. */
  async function comesBackAtOnce(): Promise<boolean> {
    await context.code()
    const request = await context.authorizationRequest()
    return codeOf(await context.authorize(request, true), request) !== undefined
  }

  /** @param parameters what is sent as `redirect_uri`; default: the URI itself */
  return async (uri: string, parameters: Changes = { redirect_uri: uri }): Promise<Verdict> => {
    const { redirectUri: registered } = await context.authorizationRequest()
    for (const prompt of ['none', undefined]) {
      const {
        to,
        redirectUri,
        response,
        parameters: sent,
        refused,
      } = await ask(context, { ...parameters, prompt }, [uri, registered])
      if (to && redirectUri === uri)
        return fail(
          `it sent ${sent.has('error') ? `the error ${sent.get('error')?.slice(0, 60)}` : 'the browser'} to ${uri}.`,
        )
      if (to) return pass('it used the registered URI instead.')
      const registeredAnswer = await withRegistered(prompt)
      // Where the registered URI is refused as well, a refusal tells nothing.
      if (refused && !registeredAnswer.refused) return pass(`refused (status ${response.status}).`)
      // With prompt=none there is no sign-in page: one that comes instead of the error that the registered URI gets refuses.
      if (prompt === 'none' && registeredAnswer.to && response.status < 400) {
        const request = await context.authorizationRequest({ ...parameters, prompt })
        const { atRedirectUri, page } = await walk(context, { ...request, redirectUri: uri })
        if (atRedirectUri) return fail(`it sent the browser to ${uri}.`)
        if (page.status < 500) return pass('it showed a page, where it answers to the registered URI.')
      }
    }
    browser ??= comesBackAtOnce()
    const atOnce = await browser
    const request = await context.authorizationRequest(parameters)
    const arrival = await context.authorize({ ...request, redirectUri: uri }, true)
    if (arrival.at === 'unknown') return inconclusive(`${arrival.why}.`)
    if (arrival.at === 'page')
      return atOnce || (arrival.status ?? 0) >= 400
        ? pass('it showed a page of its own to a signed-in person.')
        : inconclusive('it showed a page, as it does with each sign-in.')
    if (leadsTo(arrival.url, uri))
      return fail(`it sent ${arrival.parameters.has('code') ? 'a code' : 'the browser'} to ${uri}.`)
    return pass('it used the registered URI instead.')
  }
}

/** A redirect URI with a part changed. Kept as text: `URL` would tidy up what is to be tried. */
export function partsOf(redirectUri: string) {
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^([^:]+):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/.exec(redirectUri) ?? []
  return { scheme, authority, path, query, isHttp: /^https?$/i.test(scheme) && authority !== '' }
}

/** Whether a host is an IP address. */
export const isIpAddress = (hostname: string): boolean => /^[\d.]+$|^\[/.test(hostname)
