import '../../../examples/demo/quiet.js'
import type { Configuration, JWK } from 'oidc-provider'
import { browserClient, startProvider } from '../../../examples/demo/provider.js'
import { assertionKey } from '../assertion-key.js'
import { clientIdOf, REDIRECT_URI, type StartServer, USER } from '../running-server.js'
import { formOf } from '../visitor.js'

/**
 * `oidc-provider` with its FAPI 2.0 profile: pushed requests only, client assertions for the issuer only, tokens bound to a
 * DPoP key, PS256 and ES256 only.
 */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI } = {}) => {
  const { jwk, publicJwk } = await assertionKey()
  const clientId = clientIdOf('private_key_jwt')
  const { issuer, close } = await startProvider({
    ...browserClient(clientId, [redirectUri]),
    jwks: { keys: [await idTokenKey()] },
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        id_token_signed_response_alg: 'PS256',
        dpop_bound_access_tokens: true,
        jwks: { keys: [publicJwk] },
      },
    ],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256'],
      idTokenSigningAlgValues: ['ES256', 'PS256'],
      dPoPSigningAlgValues: ['ES256', 'PS256'],
    },
    features: {
      devInteractions: { enabled: true },
      fapi: { enabled: true, profile: '2.0' },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true, nonceSecret: crypto.getRandomValues(Buffer.alloc(32)), requireNonce: () => true },
      revocation: { enabled: true },
    },
    issueRefreshToken: async () => true,
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

async function idTokenKey(): Promise<JWK> {
  const algorithm = { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  return { ...(await crypto.subtle.exportKey('jwk', privateKey)), use: 'sig', key_ops: undefined } as JWK
}
