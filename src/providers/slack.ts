import type { Provider } from '../protocol/provider.js'
import { defineProvider } from './define-provider.js'

/** Options of {@link slack}. */
export interface SlackOptions {
  /** The id of the workspace to sign in to, so that the user is not asked. */
  readonly team?: string
}

/**
 * Sign in with Slack. PKCE has to be enabled for the app; without, the token request is answered `internal_error`. Errors
 * come with status 200, which proofkey reads. This is the issuer of `openid-configuration`; Slack's MCP server serves
 * another document of the same issuer at `mcp.slack.com`.
 * @example
 * ```ts
 * import { slack } from 'proofkey/providers'
 * import { clientSecretPost, createServerClient, sealedCookie } from 'proofkey/server'
 *
 * const auth = createServerClient({
 *   ...slack(),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretPost(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }] }),
 * })
 * ```
 */
export const slack = ({
  team,
}: SlackOptions = {}): {
  readonly issuer: string
  readonly provider: Provider
  readonly additionalParameters?: Readonly<Record<string, string>>
} => ({
  issuer: 'https://slack.com',
  ...(team && { additionalParameters: { team } }),
  provider: defineProvider({
    name: 'Slack',
    reason: 'The metadata does not list S256, which works where PKCE is enabled for the app.',
    missingMetadata: { code_challenge_methods_supported: ['S256'] },
  }),
})
