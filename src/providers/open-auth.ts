import type { Provider } from '../protocol/provider.js'
import { issuerUrl } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link openAuth}. */
export interface OpenAuthOptions {
  /** The URL of the server, exactly the `issuer` of its metadata. */
  readonly url: string
}

/**
 * Servers made with OpenAuth, and others that send no `token_type`: their tokens are bearer tokens. OpenAuth has no OpenID
 * Connect: leave `openid` out; the access token says who the user is.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { openAuth } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...openAuth({ url: 'https://auth.example.com' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const openAuth = ({ url }: OpenAuthOptions): { readonly issuer: string; readonly provider: Provider } => ({
  issuer: issuerUrl('url', url),
  provider: defineProvider({
    name: 'OpenAuth',
    reason:
      'Its token response is { access_token, refresh_token, expires_in }, without the token_type of RFC 6749 §5.1.',
    impliedTokenType: 'bearer',
  }),
})
