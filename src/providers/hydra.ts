import { baseUrl } from './arguments.js'

/** Options of {@link hydra}. */
export interface HydraOptions {
  /** The public URL of the server, for example `https://auth.example.com`. */
  readonly url: string
}

/**
 * Ory Hydra and Ory Network. Its issuer ends in a slash. A refresh token needs the scope `offline_access` (or `offline`).
 * @throws `config_invalid`
 */
export const hydra = ({ url }: HydraOptions) => ({ issuer: `${baseUrl('url', url)}/` })
