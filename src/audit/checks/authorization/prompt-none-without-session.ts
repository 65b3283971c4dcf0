import { type AuditCheck, fail, inconclusive, notApplicable, pass } from '../../check.js'
import { oidc } from '../../sources.js'
import { walk } from '../walk.js'
import { asksForIdToken, NO_ID_TOKEN } from './id-token.js'

export const promptNoneWithoutSession: AuditCheck = {
  id: 'prompt-none-without-session',
  title: 'With prompt=none and nobody signed in, the app gets an error',
  severity: 'low',
  sources: [oidc('3.1.2.1'), oidc('3.1.2.6')],
  sets: [],
  needs: { client: 'any' },
  sends:
    'An authorization request with prompt=none and without a session, followed through the server’s own redirects.',
  why: 'Apps ask this way in the background whether a person is still signed in. Where a page comes instead of an answer, they wait in vain, or show a sign-in page where nobody can check its address.',
  repair: 'Answer with login_required at the redirect URI, and show no page.',
  async run(context) {
    if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
    const { url, page, atRedirectUri } = await walk(context, await context.authorizationRequest({ prompt: 'none' }))
    if (!atRedirectUri)
      return page.status === 200
        ? fail(`It showed a page at ${url.origin}${url.pathname}.`)
        : inconclusive(`It answered with status ${page.status}.`)
    const error = url.searchParams.get('error') ?? new URLSearchParams(url.hash.slice(1)).get('error')
    if (!error)
      return url.searchParams.has('code') ? fail('It gave a code to nobody.') : inconclusive('It sent no error.')
    return /^(login|interaction|account_selection|consent)_required$/.test(error)
      ? pass(`It answered ${error}.`)
      : inconclusive(`It answered ${error.slice(0, 60)}.`)
  },
}
