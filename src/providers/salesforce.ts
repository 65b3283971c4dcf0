import type { Provider } from '../protocol/provider.js'
import { host } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link salesforce}. */
export interface SalesforceOptions {
  /** My Domain, for example `example.my.salesforce.com`; or `test.salesforce.com`. Default `login.salesforce.com`. */
  readonly domain?: string
}

/**
 * Salesforce. Some of its token responses have no `token_type`; they are bearer tokens.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { salesforce } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...salesforce(),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const salesforce = ({
  domain = 'login.salesforce.com',
}: SalesforceOptions = {}): {
  readonly issuer: string
  readonly provider: Provider
} => ({
  issuer: `https://${host('domain', domain)}`,
  provider: defineProvider({
    name: 'Salesforce',
    reason: 'A token response can lack token_type; the metadata does not list S256, which works.',
    impliedTokenType: 'bearer',
    missingMetadata: { code_challenge_methods_supported: ['S256'] },
  }),
})
