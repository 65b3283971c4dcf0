import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { refreshableTokens } from '../../run/token-state.js'
import { rfc } from '../../sources.js'

export const refreshTokenOfAnotherClient: AuditCheck = {
  id: 'refresh-token-of-another-client',
  title: 'A refresh token is only for the client that it was given to',
  severity: 'high',
  sources: [rfc(6749, '6'), rfc(6749, '10.4')],
  sets: ['rfc9700'],
  needs: { client: 'any', signIn: true, otherClient: true },
  sends: 'A refresh token of this client, sent by another client of the server.',
  why: 'One app of many may be careless or hostile. If it can use the refresh tokens of the others, it stays signed in as their users.',
  repair: 'Keep the client with the refresh token, and refuse with invalid_grant if another one sends it.',
  async run(context) {
    const client = context.otherClient()
    // Before the attack: both clients get tokens for refresh tokens of their own.
    await refreshableTokens(context, client)
    const { refresh_token: token } = await refreshableTokens(context)
    return tryAll({
      'a refresh token that another client sends': () => context.refresh(token, { client }),
    })
  },
}
