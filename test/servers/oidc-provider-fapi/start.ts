import '../../../examples/demo/quiet.js'
import type { Configuration } from 'oidc-provider'
import { browserClient, startProvider } from '../../../examples/demo/provider.js'
import { fapiProfile } from '../../helpers/fapi-profile.js'
import { assertionKey } from '../assertion-key.js'
import { clientIdOf, REDIRECT_URI, type StartServer, USER } from '../running-server.js'
import { formOf } from '../visitor.js'

/** `oidc-provider` with its FAPI 2.0 profile, with tokens bound to a DPoP key. */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI } = {}) => {
  const { jwk, publicJwk } = await assertionKey()
  const clientId = clientIdOf('private_key_jwt')
  const { client, configuration } = fapiProfile(redirectUri)
  const { issuer, close } = await startProvider({
    ...browserClient(clientId, [redirectUri]),
    ...configuration,
    clients: [
      {
        ...client,
        client_id: clientId,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        dpop_bound_access_tokens: true,
        jwks: { keys: [publicJwk] },
      },
    ],
    clientAuthMethods: ['private_key_jwt'],
    rotateRefreshToken: false,
  } satisfies Configuration)

  return {
    issuer,
    scope: 'openid offline_access',
    requires: { par: true, dpop: true },
    redirectUri,
    clients: { private_key_jwt: { clientId, key: jwk } },
    async signIn(visitor, url) {
      let stop = await visitor.follow(url, redirectUri)
      for (let step = 0; step < 4 && stop.page !== undefined; step++) {
        const { action, fields } = formOf(stop)
        if (fields.has('login')) fields.set('login', USER.name)
        if (fields.has('password')) fields.set('password', USER.password)
        stop = await visitor.follow(action, redirectUri, { method: 'POST', body: fields })
      }
      return stop.url
    },
    close,
  }
}
