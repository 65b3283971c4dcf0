import type { ClientAuth } from '../../../protocol/client-auth/client-auth.js'
import { clientSecretBasic, clientSecretJwt, clientSecretPost } from '../../../protocol/client-auth/client-secret.js'
import { type AuditCheck, notApplicable, warning } from '../../check.js'
import { redeemWith } from '../../run/assertion.js'
import { tryAll } from '../../run/attempts.js'
import { secretOf } from '../../run/wrong-auth.js'
import { rfc } from '../../sources.js'

const BY_SECRET = {
  client_secret_basic: clientSecretBasic,
  client_secret_post: clientSecretPost,
  client_secret_jwt: clientSecretJwt,
} satisfies Record<string, (secret: string) => ClientAuth>

export const unregisteredAuthMethod: AuditCheck = {
  id: 'unregistered-auth-method',
  title: 'A client authenticates only in its registered way',
  severity: 'low',
  sources: [rfc(7591, '2'), rfc(6749, '2.3')],
  sets: [],
  needs: { client: 'confidential', signIn: true },
  sends: "Honest token requests with the client's secret, sent in ways that the client is not registered for.",
  why: 'The owner of an app chooses how it proves who it is. If the server also takes weaker ways, the choice protects nothing.',
  repair:
    'Compare the way in which a client authenticates with its registered token_endpoint_auth_method, and refuse others with invalid_client.',
  async run(context) {
    const client = context.client()
    const secret = await secretOf(context, client)
    if (secret === undefined) return notApplicable('The client has no secret.')
    const others = Object.entries(BY_SECRET).filter(([method]) => method !== client.clientAuth?.method)
    return tryAll(
      Object.fromEntries(others.map(([method, make]) => [method, () => redeemWith(context, make(secret))])),
      { accepted: 'It gave tokens for the right secret sent by', result: warning, control: () => context.tokens() },
    )
  },
}
