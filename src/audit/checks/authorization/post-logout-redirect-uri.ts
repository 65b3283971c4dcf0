import { type AuditCheck, fail, inconclusive, notApplicable, pass } from '../../check.js'
import { asvs, oidcLogout } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { asksForIdToken } from './id-token.js'

const HOST = 'attacker.invalid'

export const postLogoutRedirectUri: AuditCheck = {
  id: 'post-logout-redirect-uri',
  title: 'After the sign-out, nobody is sent to an unregistered address',
  severity: 'medium',
  sources: [oidcLogout('3'), asvs('V10.6.2')],
  sets: ['asvs-l2', 'asvs-l3'],
  needs: { client: 'any', signIn: true, metadata: ['end_session_endpoint'] },
  sends:
    'Requests to the end_session_endpoint, without a session, with a post_logout_redirect_uri that nobody registered: with an ID token, with the client_id, and with neither.',
  why: 'A link that begins at the server people trust would end at an attacker’s page. People enter their passwords there, because they looked at the address before.',
  repair:
    'Compare post_logout_redirect_uri with the registered ones as a whole string, and ignore it if the app is not known.',
  async run(context) {
    const { clientId } = context.client()
    const end = async (parameters: Record<string, string>, attacked: boolean) => {
      const url = new URL(context.endpoint('end_session_endpoint'))
      const uri = attacked ? { post_logout_redirect_uri: `https://${HOST}/signed-out` } : {}
      for (const [name, value] of Object.entries({ ...parameters, ...uri })) url.searchParams.set(name, value)
      return context.send({ url: url.href, navigation: true })
    }
    const tried = (parameters: Record<string, string>) => async () => {
      const { status, location } = await end(parameters, true)
      if (location?.hostname === HOST) return fail(`it redirects to ${location.origin}.`)
      if (status >= 400 && status < 500) {
        const honest = await end(parameters, false)
        return honest.status < 400
          ? pass(`refused (status ${status}).`)
          : inconclusive(`refused (status ${status}), as without the address.`)
      }
      return Object.keys(parameters).length
        ? inconclusive('it showed a page; where it leads after that was not seen.')
        : notApplicable('it did not redirect at once.')
    }
    return tryVariants({
      'With the client_id': tried({ client_id: clientId }),
      ...(asksForIdToken(context) && {
        'With an ID token': async () => tried({ id_token_hint: `${(await context.tokens())['id_token']}` })(),
      }),
      'With neither': tried({}),
    })
  },
}
