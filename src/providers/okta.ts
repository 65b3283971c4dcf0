import { host, segment } from './arguments.js'

/** Options of {@link okta}. */
export interface OktaOptions {
  /** The domain of the organisation, for example `example.okta.com`. */
  readonly domain: string
  /**
   * The id of a custom authorization server, for example `default`. Without it: the server of the organisation, whose access
   * tokens only Okta's own APIs may check.
   */
  readonly server?: string
}

/**
 * Okta. It deviates in nothing that a check depends on: the first request with DPoP is always asked to repeat with a nonce,
 * a rejected UserInfo request says why in its header only.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { okta } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...okta({ domain: 'example.okta.com', server: 'default' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const okta = ({ domain, server }: OktaOptions) => ({
  issuer: `https://${host('domain', domain)}${server === undefined ? '' : `/oauth2/${segment('server', server)}`}`,
})
