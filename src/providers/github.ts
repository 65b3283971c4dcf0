import type { ServerMetadata } from '../protocol/discovery/metadata.js'
import type { ServerProvider } from '../protocol/provider.js'
import { scopes } from '../protocol/scope.js'
import { host } from './arguments.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link github}. */
export interface GithubOptions {
  /** The host of GitHub Enterprise. Default `github.com`. */
  readonly host?: string
}

/**
 * GitHub OAuth apps and GitHub Apps, for `createServerClient` with `clientSecretPost(secret)`. GitHub has no OpenID Connect:
 * leave `openid` out, and request `https://api.github.com/user` with the access token; identify users by its `id`. The
 * granted scope is separated by commas, which proofkey reads.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { github } from 'proofkey/providers'
 * import { clientSecretPost, createServerClient, sealedCookie } from 'proofkey/server'
 *
 * const auth = createServerClient({
 *   ...github(),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretPost(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }] }),
 * })
 * ```
 */
export function github({ host: name = 'github.com' }: GithubOptions = {}): {
  readonly issuer: string
  readonly metadata: ServerMetadata
  readonly provider: ServerProvider
} {
  const issuer = `https://${host('host', name)}/login/oauth`
  return {
    issuer,
    // Its metadata (only at /.well-known/oauth-authorization-server/login/oauth, since 2025) says no more.
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/access_token`,
      code_challenge_methods_supported: ['S256'],
    },
    provider: defineProvider({
      name: 'GitHub',
      reason: 'It has no OpenID Connect, and its token endpoint needs a client secret.',
      serverOnly: 'Its token endpoint requires a client secret and does not allow requests of a page (CORS).',
      problems: ({ scope, clientAuth }) => [
        ...(scopes(scope).includes('openid') ? ['scope: GitHub has no OpenID Connect; leave openid out'] : []),
        ...(clientAuth?.method === 'none' ? ['clientAuth: GitHub requires clientSecretPost(secret)'] : []),
      ],
    }),
  }
}
