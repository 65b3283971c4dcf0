import type { Configuration } from 'oidc-provider'
import { createSigner } from './signer.js'

/**
 * What makes `oidc-provider` one with its FAPI 2.0 profile: pushed requests only, client assertions for the issuer only, PS256
 * and ES256 only, DPoP proofs with a nonce. Each of its clients has `client`.
 */
export function fapiProfile(redirectUri: string) {
  const algorithms = ['ES256', 'PS256'] as const
  const client = {
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'PS256' as const,
  }
  const configuration = {
    jwks: { keys: [createSigner('PS256').privateJwk as never] },
    enabledJWA: {
      clientAuthSigningAlgValues: [...algorithms],
      idTokenSigningAlgValues: [...algorithms],
      dPoPSigningAlgValues: [...algorithms],
    },
    features: {
      devInteractions: { enabled: true },
      fapi: { enabled: true, profile: '2.0' },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true, nonceSecret: crypto.getRandomValues(Buffer.alloc(32)), requireNonce: () => true },
      revocation: { enabled: true },
    },
    issueRefreshToken: async () => true,
  } satisfies Configuration
  return { client, configuration }
}
