import { type AuditCheck, fail, pass } from '../../check.js'
import { refreshed, tokensWithRefresh } from '../../run/token-state.js'
import { asvs, rfc } from '../../sources.js'

export const refreshTokenRotation: AuditCheck = {
  id: 'refresh-token-rotation',
  title: 'A refresh token of a public client is replaced at each use, or bound to a key',
  severity: 'high',
  sources: [rfc(9700, '2.2.2'), rfc(9700, '4.14.2'), asvs('V10.4.5')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2'],
  needs: { client: 'public', signIn: true },
  sends: 'An honest refresh of a token that is bound to no key.',
  why: 'An app in a browser or on a phone has no secret, so a stolen refresh token is enough to stay signed in as the person for months. A token that changes at each use shows the theft, because two now hold the same one.',
  repair: 'Give public clients a new refresh token at each use, or bind refresh tokens to a DPoP key.',
  async run(context) {
    const { refresh_token: first } = await tokensWithRefresh(context)
    const { refresh_token: second } = await refreshed(context, first)
    return first === second
      ? fail('A refresh gave no new refresh token, and the token is bound to no key.')
      : pass('A refresh gave a new refresh token.')
  },
}
