import { type AuditCheck, notApplicable } from '../../check.js'
import { reactionOf, tryAll } from '../../run/attempts.js'
import { redemption } from '../../run/redemption.js'
import { secretOf } from '../../run/wrong-auth.js'
import { rfc } from '../../sources.js'

export const secretInQuery: AuditCheck = {
  id: 'secret-in-query',
  title: 'A client secret in the URL is not accepted',
  severity: 'medium',
  sources: [rfc(6749, '2.3.1')],
  sets: [],
  needs: { client: 'confidential', signIn: true },
  sends: "An honest token request with the client's id and secret in the URL.",
  why: 'URLs end up in logs, in monitoring and at proxies. An app that sends its secret there has published it, and a server that accepts it lets nobody notice.',
  repair: 'Read client_id and client_secret from the Authorization header or the body only.',
  async run(context) {
    const client = context.client()
    const secret = await secretOf(context, client)
    if (secret === undefined) return notApplicable('The client has no secret.')
    return tryAll(
      {
        'a secret in the URL': async () => {
          const { url, body } = await redemption(context, await context.code())
          const at = new URL(url)
          at.searchParams.set('client_id', client.clientId)
          at.searchParams.set('client_secret', secret)
          for (const name of ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'])
            body.delete(name)
          const response = await context.send({ url: at.href, body })
          context.obtained(response)
          return reactionOf(response)
        },
      },
      { control: () => context.tokens() },
    )
  },
}
