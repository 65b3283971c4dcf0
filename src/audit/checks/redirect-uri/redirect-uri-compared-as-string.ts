import { type AuditCheck, notApplicable, pass } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { tryVariants, type Variants } from '../variants.js'
import { createRedirectTrial, partsOf } from './try-redirect-uri.js'

export const redirectUriComparedAsString: AuditCheck = {
  id: 'redirect-uri-compared-as-string',
  title: 'Redirect URIs are compared character by character',
  severity: 'low',
  sources: [rfc(9700, '2.1'), rfc(9700, '4.1.3'), asvs('V10.4.1'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  needs: { client: 'any' },
  sends:
    'Authorization requests whose redirect URI is written in another way: upper-case host, encoded letter, trailing slash, user info.',
  why: 'These forms lead to the same place, so none of them is an attack by itself. But a server that takes them compares by rules of its own, and such rules have been tricked again and again.',
  repair: 'Compare redirect_uri with the registered ones as strings, before any parsing.',
  async run(context) {
    const { redirectUri } = await context.authorizationRequest()
    const { scheme, authority, path, query, isHttp } = partsOf(redirectUri)
    if (!isHttp) return notApplicable(`The redirect URI ${redirectUri} has no host.`)
    const attempt = createRedirectTrial(context)
    // Some servers ignore the parameter and always use the registered URI: they compare nothing.
    const ignored = await attempt(`${scheme}://${authority}/proofkey-audit-other${query}`)
    if (/registered URI instead/.test(ignored.observed)) return pass('It always uses the registered URI.')
    return tryVariants(
      Object.fromEntries(
        Object.entries(forms(scheme, authority, path))
          .filter(([, form]) => `${form}${query}` !== redirectUri)
          .map(([what, form]): [string, Variants[string]] => [what, () => attempt(`${form}${query}`)]),
      ),
    )
  },
}

function forms(scheme: string, authority: string, path: string): Record<string, string> {
  const letter = path.search(/[a-z](?=[^/]*$)/i)
  const code = path.charCodeAt(letter).toString(16)
  return {
    'Upper-case host': `${scheme}://${authority.toUpperCase()}${path}`,
    'Upper-case scheme': `${scheme.toUpperCase()}://${authority}${path}`,
    'Trailing slash': `${scheme}://${authority}${path.endsWith('/') ? path.slice(0, -1) : `${path}/`}`,
    ...(letter >= 0 && {
      'Encoded letter': `${scheme}://${authority}${path.slice(0, letter)}%${code}${path.slice(letter + 1)}`,
    }),
    'User info': `${scheme}://proofkey@${authority}${path}`,
    ...(!/:\d+$/.test(authority) && {
      'Default port': `${scheme}://${authority}:${scheme === 'https' ? 443 : 80}${path}`,
    }),
  }
}
