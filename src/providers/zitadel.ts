import { baseUrl } from './arguments.js'

/** Options of {@link zitadel}. */
export interface ZitadelOptions {
  /** The URL of the instance, for example `https://example.zitadel.cloud`. */
  readonly url: string
  /** The id of the project, which Zitadel adds to `aud`. */
  readonly projectId?: string
  /** The client ids of the other applications of the project, which Zitadel adds to `aud` too. */
  readonly applications?: readonly string[]
}

/**
 * Zitadel. `aud` of an ID token lists all applications of the project and the project itself, and `azp` the client: those
 * are trusted by name (OpenID Connect Core §3.1.3.7, 3).
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { zitadel } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...zitadel({ url: 'https://example.zitadel.cloud' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const zitadel = ({ url, projectId, applications = [] }: ZitadelOptions) => ({
  issuer: baseUrl('url', url),
  trustedAudiences: [projectId ?? [], applications].flat(2),
})
