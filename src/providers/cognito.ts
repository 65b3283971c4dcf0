import type { Provider } from '../protocol/provider.js'
import { host, segment } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link cognito}. */
export interface CognitoOptions {
  /** For example `eu-west-1`. */
  readonly region: string
  /** The id of the user pool, for example `eu-west-1_Example00`. */
  readonly userPool: string
  /** The host of managed login, for example `example.auth.eu-west-1.amazoncognito.com`, or a custom domain. */
  readonly domain: string
}

/**
 * Amazon Cognito user pools. Its logout has the parameters `client_id` and `logout_uri`: `postLogoutRedirectUri` must be one
 * of the allowed sign-out URLs. Whether `state` comes back is not documented; without it, `handleSignedOut()` of a browser
 * returns undefined, and that of a server throws `unknown_state`.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { cognito } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...cognito({ region: 'eu-central-1', userPool: 'eu-central-1_abcdef123', domain: 'example.auth.eu-central-1.amazoncognito.com' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export function cognito({ region, userPool, domain }: CognitoOptions): {
  readonly issuer: string
  readonly provider: Provider
} {
  return {
    issuer: `https://cognito-idp.${host('region', `${region}`)}.amazonaws.com/${segment('userPool', userPool)}`,
    provider: defineProvider({
      name: 'Amazon Cognito',
      // AWS, "The managed login sign-out endpoint: /logout". Documents of 2019 list neither it nor S256, which works.
      reason: 'The logout has parameters of its own, and older metadata does not list it, nor S256.',
      missingMetadata: {
        end_session_endpoint: `https://${host('domain', domain)}/logout`,
        code_challenge_methods_supported: ['S256'],
      },
      logoutParameters: { client_id: 'client_id', post_logout_redirect_uri: 'logout_uri', state: 'state' },
    }),
  }
}
