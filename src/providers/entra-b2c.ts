import type { Provider } from '../protocol/provider.js'
import { guid, host, segment } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link entraB2c}. */
export interface EntraB2cOptions {
  /** The name in `{tenant}.b2clogin.com`. */
  readonly tenant: string
  /** The directory (tenant) id, a GUID: it is part of the issuer. */
  readonly tenantId: string
  /** The user flow or custom policy, for example `B2C_1_signin`. */
  readonly policy: string
  /** A custom domain. Default `{tenant}.b2clogin.com`. */
  readonly domain?: string
}

/**
 * Azure AD B2C, one policy. All policies of a tenant have the same issuer and can have the same keys, so the policy in the
 * ID token (`tfp`, or `acr` of custom policies) is compared with `policy`, in any case. Clients at one origin with the same
 * `clientId` share a stored session, whichever policy they have.
 *
 * With `openid` only, B2C returns no access token. For one, request a scope of an API, or the client id as scope.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { entraB2c } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...entraB2c({ tenant: 'example', tenantId: '72f988bf-86f1-41af-91ab-2d7cd011db47', policy: 'B2C_1_sign_in' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export function entraB2c({ tenant, tenantId, policy, domain }: EntraB2cOptions): {
  readonly issuer: string
  readonly provider: Provider
} {
  const at = `https://${host('domain', domain ?? `${segment('tenant', tenant)}.b2clogin.com`)}`
  const id = guid('tenantId', tenantId, 'it is the directory (tenant) id of the B2C tenant')
  return {
    issuer: `${at}/${id}/v2.0/`,
    provider: defineProvider({
      name: 'Azure AD B2C',
      // docs/providers/index.md has the documents; microsoft-authentication-library-for-js and -for-dotnet test with the same.
      reason:
        'The issuer does not contain the policy, so its metadata is elsewhere; with openid only there is no access token; S256 works but is not listed.',
      metadataBase: `${at}/${id}/${segment('policy', policy)}/v2.0`,
      missingMetadata: { code_challenge_methods_supported: ['S256'] },
      idTokenAlone: 'if no API is requested',
      checkClaims: ({ tfp, acr }) =>
        `${tfp ?? acr}`.toLowerCase() === policy.toLowerCase()
          ? undefined
          : `its tfp or acr is not the policy ${policy}`,
      problems: ({ resource = [], additionalResources = [] }) =>
        [resource, additionalResources].flat(2).length
          ? ['resource: B2C does not support it; request a scope of the API']
          : [],
    }),
  }
}
