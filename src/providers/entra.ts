import { configInvalid } from '../protocol/authorize/begin.js'
import type { Provider, ProviderRequest } from '../protocol/provider.js'
import { guid, host, isGuid } from './arguments.js'
import { defineProvider, type ProviderDefinition } from './define-provider.js'

/** Options of {@link entra}: one tenant, or those whose users may sign in. */
export type EntraOptions = {
  /** The host of a national cloud, for example `login.microsoftonline.us`. Default `login.microsoftonline.com`. */
  readonly cloud?: string
} & (
  | {
      /** The directory (tenant) id, a GUID; `consumers` for personal accounts. */
      readonly tenant: string
      readonly tenants?: never
    }
  | {
      /** The ids of the tenants whose users may sign in. Tokens of any other tenant are rejected. */
      readonly tenants: readonly string[]
      readonly tenant?: never
    }
)

/** The tenant of all personal accounts. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

const NO_DOMAIN =
  'it is the directory (tenant) id in the Entra admin center; a domain, common and organizations name no issuer'

/** The v2.0 endpoint takes PKCE with S256, but its metadata lists no methods; it refuses `resource` (AADSTS901002). */
const COMMON = {
  missingMetadata: { code_challenge_methods_supported: ['S256'] },
  resourceRefused: 'only the scope says which API a token is for',
  problems: ({ resource = [], additionalResources = [] }: ProviderRequest) =>
    [resource, additionalResources].flat(2).length
      ? ['resource: Entra ID does not support it; request a scope of the API, for example api://orders/orders.read']
      : [],
} satisfies Partial<ProviderDefinition>

/**
 * Microsoft Entra ID (Azure AD), v2.0 endpoint.
 *
 * With `tenants`, the metadata has an issuer with the literal `{tenantid}`, and each ID token the issuer of the user's tenant:
 * it must be that of its `tid`, and `tid` must be one of `tenants`. APIs are requested by `scope`, not by `resource`.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { entra } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...entra({ tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export function entra({ tenant, tenants, cloud = 'login.microsoftonline.com' }: EntraOptions): {
  readonly issuer: string
  readonly provider: Provider
} {
  const origin = `https://${host('cloud', cloud)}`
  if (!tenants) {
    const id = tenant === 'consumers' ? CONSUMERS : guid('tenant', tenant, NO_DOMAIN)
    const reason = 'The metadata does not list the PKCE methods; resource is refused.'
    return { issuer: `${origin}/${id}/v2.0`, provider: defineProvider({ name: 'Entra ID', reason, ...COMMON }) }
  }
  const ids = [tenants].flat().map((id) => guid('tenants', id, NO_DOMAIN))
  if (!ids[0]) throw configInvalid(['tenants: must have at least one tenant'])
  return multiTenant(origin, ids.includes(CONSUMERS) ? 'common' : 'organizations', (tid) => ids.includes(tid))
}

/**
 * {@link entra} for the users of every tenant: anyone can create a tenant, choose what its ID tokens say in `email`,
 * `preferred_username`, `upn` and `name`, and sign in. Identify users by `iss` and `sub` (or `tid` and `oid`), never by
 * an address, and decide by `tid` what they may see.
 *
 * @deprecated Marked only as a warning: use `entra({ tenants })` unless the app is open to everyone.
 * @param accounts `organizations`: work and school accounts; `common`: personal accounts too
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { entraWithUsersOfAnyTenant } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...entraWithUsersOfAnyTenant('organizations'),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const entraWithUsersOfAnyTenant = (
  accounts: 'organizations' | 'common',
  { cloud = 'login.microsoftonline.com' }: { readonly cloud?: string } = {},
): ReturnType<typeof entra> => multiTenant(`https://${host('cloud', cloud)}`, accounts, () => true)

function multiTenant(origin: string, path: string, isAccepted: (tid: string) => boolean) {
  const issuerWith = (tid: string) => `${origin}/${tid}/v2.0`
  return {
    issuer: issuerWith('{tenantid}'),
    provider: defineProvider({
      ...COMMON,
      name: 'Entra ID',
      // Served so since 2015; openiddict and MSAL put the tenant in too.
      reason:
        'The metadata of several tenants has the issuer …/{tenantid}/v2.0, each ID token that of its tenant (tid).',
      metadataBase: issuerWith(path),
      issuerOf: ({ tid }) => (isGuid(tid) && isAccepted(tid) ? issuerWith(tid) : undefined),
    }),
  }
}
