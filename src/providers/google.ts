/** Options of {@link google}. */
export interface GoogleOptions {
  /**
   * Requests a refresh token: `access_type=offline`, which Google uses in place of the scope `offline_access`, and
   * `prompt=consent`, because it returns one at the first consent only.
   */
  readonly offline?: true
}

/**
 * Google. It deviates in nothing that a check depends on: endpoints on other hosts, `plain` listed first, `iss` sent without
 * being announced. A client of the type "Web application" needs a client secret in every token request, so it is for a
 * server; for a browser app without one use `exchangeAt`. Google has no `end_session_endpoint`: a sign-out is local.
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { google } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...google({ offline: true }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const google = ({ offline }: GoogleOptions = {}) => ({
  issuer: 'https://accounts.google.com',
  ...(offline && { prompt: 'consent' as const, additionalParameters: { access_type: 'offline' } }),
})
