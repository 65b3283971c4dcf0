import { type AuditCheck, fail, Inconclusive, inconclusive, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'

const ORIGIN = 'https://attacker.invalid'

const ENDPOINTS = ['authorization_endpoint', 'jwks_uri', 'token_endpoint', 'userinfo_endpoint']

export const corsCredentials: AuditCheck = {
  id: 'cors-credentials',
  title: 'No foreign site can read answers that depend on a person’s session',
  severity: 'medium',
  sources: [rfc(9700, '2.6')],
  sets: ['rfc9700'],
  needs: {},
  sends: `A request to each of ${ENDPOINTS.join(', ')} with the Origin of a foreign site.`,
  why: 'With these headers the browser hands a foreign site what it gets with the person’s cookies. The site can then act in the person’s name.',
  repair: 'Do not send Access-Control-Allow-Credentials; answer with the origins of registered apps only, or with *.',
  async run(context) {
    const present = ENDPOINTS.filter((name) => typeof context.metadata[name] === 'string')
    if (!present.length) throw new Inconclusive('The metadata names no endpoint.')
    return tryVariants(
      Object.fromEntries(
        present.map((name) => [
          name,
          async () => {
            const { headers, status } = await context.send({
              url: context.endpoint(name),
              headers: { origin: ORIGIN },
              ...(name === 'token_endpoint' && { body: new URLSearchParams() }),
            })
            if (status >= 500) return inconclusive(`status ${status}.`)
            const origin = headers.get('access-control-allow-origin')
            return headers.get('access-control-allow-credentials') === 'true' && (origin === ORIGIN || origin === '*')
              ? fail(`it allows credentials to ${origin === '*' ? 'all origins' : `the origin ${ORIGIN}`}.`)
              : pass('it does not.')
          },
        ]),
      ),
    )
  },
}
