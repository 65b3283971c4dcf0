import { type AuditCheck, fail, Inconclusive, notApplicable, pass } from '../../check.js'
import { hasTokens } from '../../run/outcomes.js'
import { oidc, rfc } from '../../sources.js'
import { asksForIdToken, NO_ID_TOKEN, readIdToken } from './id-token.js'

export const idTokenNonce: AuditCheck = {
  id: 'id-token-nonce',
  title: 'The ID token carries the nonce of its request',
  severity: 'high',
  sources: [oidc('2'), oidc('3.1.3.7'), rfc(9700, '4.5.3.2')],
  sets: ['rfc9700'],
  needs: { client: 'any', signIn: true },
  sends: 'An honest sign-in with a nonce.',
  why: 'By this value an app knows that the answer belongs to the sign-in that it began. Without it, an attacker can make an app take somebody else’s answer.',
  repair: 'Keep the nonce with the code, and put it into the ID token unchanged.',
  async run(context) {
    if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
    const code = await context.code()
    const response = await context.redeem(code)
    if (!hasTokens(response)) throw new Inconclusive('An honest sign-in gave no tokens.')
    const { nonce } = readIdToken(response.json['id_token']).claims
    if (nonce === code.request.nonce) return pass('It does.')
    return fail(nonce === undefined ? 'The nonce is missing.' : 'It carries another nonce.')
  },
}
