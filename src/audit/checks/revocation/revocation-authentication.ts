import { none } from '../../../protocol/client-auth/client-auth.js'
import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { describeResponse, hasTokens } from '../../run/outcomes.js'
import { refreshableTokens } from '../../run/token-state.js'
import { wrongAuth } from '../../run/wrong-auth.js'
import { asvs, rfc } from '../../sources.js'

export const revocationAuthentication: AuditCheck = {
  id: 'revocation-authentication',
  title: 'Revocation needs the authentication of the client',
  severity: 'medium',
  sources: [rfc(7009, '2.1'), asvs('V10.4.10')],
  sets: ['asvs-l2', 'asvs-l3'],
  needs: { client: 'confidential', signIn: true, metadata: ['revocation_endpoint'] },
  sends:
    'Revocation requests for a refresh token with no client authentication and with a wrong one, then an honest refresh.',
  why: 'Whoever can end sessions in the name of an app can sign out its users at will. The app should prove who it is, as it does for tokens.',
  repair:
    'Authenticate the client at the revocation endpoint as at the token endpoint, and refuse with invalid_client.',
  async run(context) {
    const wrong = await wrongAuth(context.client())
    const observed: string[] = []
    for (const [name, clientAuth] of [
      ['no authentication', none()],
      ['a wrong authentication', wrong],
    ] as const) {
      if (!clientAuth) continue
      const { refresh_token: token } = await refreshableTokens(context)
      const request = await context.authenticated('revocation_endpoint', { token }, context.client(), { clientAuth })
      const response = await context.send(request)
      if (response.status >= 500)
        return inconclusive(`It did not answer a revocation with ${name} (${describeResponse(response)}).`)
      const refresh = await context.refresh(token)
      if (!hasTokens(refresh))
        return response.status === 200
          ? fail(`A revocation with ${name} ended the refresh token.`)
          : inconclusive(
              `It refused a revocation with ${name} (${describeResponse(response)}), and yet the refresh token does not work.`,
            )
      observed.push(`with ${name} it answered ${describeResponse(response)}`)
    }
    return pass(`The refresh token still works: ${observed.join('; ')}.`)
  },
}
