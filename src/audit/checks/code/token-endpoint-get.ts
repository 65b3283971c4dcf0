import type { AuditCheck } from '../../check.js'
import { isClientError, reactionOf, tryAll } from '../../run/attempts.js'
import { describeResponse } from '../../run/outcomes.js'
import { redemption } from '../../run/redemption.js'
import { rfc } from '../../sources.js'

export const tokenEndpointGet: AuditCheck = {
  id: 'token-endpoint-get',
  title: 'The token endpoint takes no GET',
  severity: 'medium',
  sources: [rfc(6749, '3.2')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'An honest token request as a GET, its parameters in the URL.',
  why: 'URLs end up in logs, in histories and at proxies. Where a GET works, some app will use it and write codes and secrets there.',
  repair: 'Answer every method but POST at the token endpoint with status 405.',
  run: (context) =>
    tryAll({
      'a GET': async () => {
        const { url, body, headers, fetch } = await redemption(context, await context.code())
        const at = new URL(url)
        for (const [name, value] of body) at.searchParams.append(name, value)
        const response = await context.send({ url: at.href, method: 'GET', headers, fetch })
        context.obtained(response)
        const reaction = reactionOf(response)
        return reaction.outcome === 'unclear' && isClientError(response.status)
          ? { outcome: 'refused', detail: describeResponse(response) }
          : reaction
      },
    }),
}
