import { ClientSecretBasic, ClientSecretJwt, ClientSecretPost } from 'oauth4webapi'
import { configInvalid } from '../authorize/begin.js'
import type { ClientAuth } from './client-auth.js'

/**
 * `client_secret_basic`: sends the secret in the `Authorization` header, form-encoded before base64 (RFC 6749 §2.3.1).
 * @throws `config_invalid`
 */
export const clientSecretBasic = (secret: string): ClientAuth => ({
  method: 'client_secret_basic',
  authenticate: ClientSecretBasic(checked(secret)),
  secret: () => secret,
})

/**
 * `client_secret_post`: sends the secret in the body (RFC 6749 §2.3.1), for servers that do not accept the header.
 * @throws `config_invalid`
 */
export const clientSecretPost = (secret: string): ClientAuth => ({
  method: 'client_secret_post',
  authenticate: ClientSecretPost(checked(secret)),
})

/**
 * `client_secret_jwt`: sends an assertion signed with HMAC-SHA-256, not the secret itself. Each request gets a new
 * assertion (OpenID Connect Core §9).
 * @throws `config_invalid`
 */
export const clientSecretJwt = (secret: string): ClientAuth => ({
  method: 'client_secret_jwt',
  authenticate: ClientSecretJwt(checked(secret)),
})

/**
 * `client_secret_post` in a browser, where every user can read the secret, so that it authenticates nobody. Only for
 * providers that require a secret of every "web" client. PKCE protects the code.
 *
 * @deprecated Marked only as a warning: a secret that is shipped with an app is not confidential (RFC 8252 §8.5).
 * @throws `config_invalid`
 */
export const exposedClientSecret = (secret: string): ClientAuth => clientSecretPost(secret)

function checked(secret: string): string {
  if (typeof secret !== 'string' || !secret) {
    throw configInvalid([`secret (${typeof secret}): must be the client_secret from the registration, not empty`])
  }
  // RFC 6749 appendix A.2 allows no control characters. They usually come from a file or shell, as a trailing line break.
  if (/\p{Cc}/u.test(secret))
    throw configInvalid(['secret (string): contains a control character such as a line break; trim it'])
  return secret
}
