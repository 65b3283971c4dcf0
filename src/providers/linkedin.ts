import type { ServerProvider } from '../protocol/provider.js'
import { defineProvider } from './define-provider.js'

/**
 * Sign In with LinkedIn using OpenID Connect, for `createServerClient` with `clientSecretPost(secret)`.
 *
 * It weakens a check: LinkedIn does not return the `nonce`, so an ID token of another sign-in is recognised by its age only.
 * The code still is bound to this sign-in by PKCE, which LinkedIn has to enable for the app: without, it answers the token
 * request with `invalid_client`.
 * @example
 * ```ts
 * import { linkedin } from 'proofkey/providers'
 * import { clientSecretPost, createServerClient, sealedCookie } from 'proofkey/server'
 *
 * const auth = createServerClient({
 *   ...linkedin(),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretPost(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }] }),
 * })
 * ```
 */
export const linkedin = (): { readonly issuer: string; readonly provider: ServerProvider } => ({
  issuer: 'https://www.linkedin.com/oauth',
  provider: defineProvider({
    name: 'LinkedIn',
    // authlib/authlib#763, linkedin-developers/linkedin-api-js-client#34, python-social-auth/social-core#833.
    reason: 'The ID token has no nonce, although one was sent.',
    nonceNotReturned: 'only PKCE protects the code',
    missingMetadata: { code_challenge_methods_supported: ['S256'] },
  }),
})
