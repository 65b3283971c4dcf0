import { baseUrl } from './arguments.js'

/** Options of {@link hydra}. */
export interface HydraOptions {
  /** The public URL of the server, for example `https://auth.example.com`. */
  readonly url: string
}

/**
 * Ory Hydra and Ory Network. Its issuer ends in a slash. A refresh token needs the scope `offline_access` (or `offline`).
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createSessionClient } from 'proofkey'
 * import { hydra } from 'proofkey/providers'
 *
 * const auth = createSessionClient({
 *   ...hydra({ url: 'https://hydra.example.com' }),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 * })
 * ```
 */
export const hydra = ({ url }: HydraOptions) => ({ issuer: `${baseUrl('url', url)}/` })
