import { baseUrl, segment } from './arguments.js'

/** Options of {@link keycloak}. */
export interface KeycloakOptions {
  /** The URL of the server, for example `https://sso.example.com`; before version 17 it ends in `/auth`. */
  readonly url: string
  readonly realm: string
}

/**
 * Keycloak. It deviates in nothing that a check depends on. `aud` of access tokens needs a mapper; ID tokens are right.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { keycloak } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...keycloak({ url: 'https://sso.example.com', realm: 'my-realm' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const keycloak = ({ url, realm }: KeycloakOptions) => ({
  issuer: `${baseUrl('url', url)}/realms/${segment('realm', realm)}`,
})
