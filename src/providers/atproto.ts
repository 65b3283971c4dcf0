import type { Provider } from '../protocol/provider.js'
import { issuerUrl } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link atprotoWithPlainRequests}. */
export interface AtprotoOptions {
  /** The URL of the authorization server, exactly the `issuer` of its metadata. */
  readonly url: string
}

/**
 * AT Protocol servers whose metadata requires pushed authorization requests, though they accept plain ones: for an app that
 * cannot push. Where it can, configure `issuer` and `par: pushed()` in place of this entry: the AT Protocol asks for it, some
 * servers enforce it, and the request is then not in the URL.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { atprotoWithPlainRequests } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...atprotoWithPlainRequests({ url: 'https://pds.example.com' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const atprotoWithPlainRequests = ({
  url,
}: AtprotoOptions): {
  readonly issuer: string
  readonly provider: Provider
} => ({
  issuer: issuerUrl('url', url),
  provider: defineProvider({
    name: 'AT Protocol',
    reason: 'The metadata has require_pushed_authorization_requests set, and plain requests are accepted.',
    correctedMetadata: { require_pushed_authorization_requests: false },
  }),
})
