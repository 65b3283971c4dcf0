import type { Provider } from '../protocol/provider.js'
import { host } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link auth0}. */
export interface Auth0Options {
  /** The tenant's domain, for example `tenant.eu.auth0.com`, or a custom domain. */
  readonly domain: string
  /** The identifier of the API to get access tokens for. Auth0 uses it in place of `resource`. Without it, they are opaque. */
  readonly audience?: string
}

/**
 * Auth0. A refresh token needs the scope `offline_access`, and "Allow Offline Access" of the API.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { auth0 } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export function auth0({ domain, audience }: Auth0Options): {
  readonly issuer: string
  readonly provider: Provider
  readonly additionalParameters?: Readonly<Record<string, string>>
} {
  const issuer = `https://${host('domain', domain)}/`
  return {
    issuer,
    ...(audience && { additionalParameters: { audience } }),
    provider: defineProvider({
      name: 'Auth0',
      // Seen in documents of 2019 and 2022; tenants with "RP-Initiated Logout End Session Endpoint Discovery" list it.
      reason: 'The metadata of most tenants lacks the end_session_endpoint, which exists.',
      missingMetadata: { end_session_endpoint: `${issuer}oidc/logout` },
    }),
  }
}
