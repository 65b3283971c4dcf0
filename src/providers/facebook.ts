import { segment } from './arguments.js'

/** Options of {@link facebook}. */
export interface FacebookOptions {
  /** The version of the Graph API, for example `v23.0`. Default: the oldest one that the app can use. */
  readonly version?: string
}

/**
 * Facebook Login with OpenID Connect: its code flow with PKCE needs no client secret. The metadata is given here, because
 * Facebook's document has no `token_endpoint` and lists no response type `code` (documents of 2021 and 2023).
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { facebook } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...facebook(),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export function facebook({ version }: FacebookOptions = {}) {
  const issuer = 'https://www.facebook.com'
  const path = version === undefined ? '' : `${segment('version', version)}/`
  return {
    issuer,
    // Meta, "OIDC Code Flow with PKCE for Manually Built Facebook Login Flows".
    metadata: {
      issuer,
      authorization_endpoint: `https://www.facebook.com/${path}dialog/oauth`,
      token_endpoint: `https://graph.facebook.com/${path}oauth/access_token`,
      jwks_uri: 'https://www.facebook.com/.well-known/oauth/openid/jwks/',
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    },
  }
}
