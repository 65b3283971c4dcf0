import { baseUrl, segment } from './arguments.js'

/** Options of {@link authentik}. */
export interface AuthentikOptions {
  /** The URL of the server, for example `https://auth.example.com`. */
  readonly url: string
  /** The slug of the application. */
  readonly application: string
}

/**
 * authentik, with the issuer mode "each provider has a different issuer" (its default). Select a signing key in the provider:
 * without one, ID tokens are signed with the client secret (`HS256`), which proofkey refuses.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { authentik } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...authentik({ url: 'https://auth.example.com', application: 'my-app' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const authentik = ({ url, application }: AuthentikOptions) => ({
  issuer: `${baseUrl('url', url)}/application/o/${segment('application', application)}/`,
})
